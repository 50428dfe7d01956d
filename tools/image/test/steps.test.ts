// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { ImageError } from "#image/errors";
import { explainFailure } from "#image/explain";
import { GUEST_RECIPE } from "#image/guest-recipe";
import { customizeHook, setupHook, shellQuote, UNKNOWN_PACKAGE } from "#image/hooks";
import { LAB_RECIPE } from "#image/lab-recipe";
import { checkSpace, checkTools, debianRelease } from "#image/machine";
import { debianSources, reachOptions } from "#image/sources";
import { installedPackages } from "#image/store";
import { sweep } from "#image/work";

t.test("shell text: what is quoted arrives unchanged and the hooks parse", async (t) => {
  const nasty = `it's "$HOME" \`id\` \\ $(id)\n`;
  const echo = spawnSync("sh", ["-c", `printf %s ${shellQuote(nasty)}`], { encoding: "utf8" });
  t.equal(echo.stdout, nasty);
  const customizations = [LAB_RECIPE, GUEST_RECIPE].map(customizeHook);
  for (const hook of [setupHook([]), setupHook(["gcc", "g++"]), ...customizations]) {
    t.equal(spawnSync("sh", ["-n", "-c", hook]).status, 0);
  }
});

t.test("failures of programs become sentences with a code", async (t) => {
  const spec = { packages: ["gcc"], size: 2 ** 32 };
  const explain = (...output: string[]) => explainFailure(["mmdebstrap"], 25, output, spec);
  const cases: [ImageError, string, RegExp][] = [
    [explain("x", `${UNKNOWN_PACKAGE} gcx`, `${UNKNOWN_PACKAGE} b1`), "unknown-package", /gcx, b1/],
    [explain("E: Failed to fetch x", "tar: No space left on device"), "no-space", /free some/],
    [explain("Err:1 Temporary failure resolving 'x'"), "no-network", /check the network/],
    [
      explain("E: Unable to correct problems, you have held broken packages."),
      "packages-conflict",
      /leave out/,
    ],
    [explain("unshare: unshare failed: Operation not permitted"), "not-permitted", /namespaces/],
    [
      explain("__populate_fs: Could not allocate block in ext2 filesystem"),
      "image-too-small",
      /--size/,
    ],
    [explain("a", "E: something else", "b"), "build-failed", /mmdebstrap .*gcc.*something else/],
    [explain(), "build-failed", /status 25/],
  ];
  for (const [error, code, message] of cases) t.match(error, { code, message }, code);
  t.match(ImageError.from(Object.assign(new Error("write"), { code: "ENOSPC" })), {
    code: "no-space",
    exitStatus: 3,
  });
});

t.test("only Debian's own suites of the release are taken as sources", async (t) => {
  const targets = [
    "file:/a/debian/|bookworm|main",
    "file:/a/debian/|bookworm|contrib",
    "file:/a/debian/|bookworm-backports|main",
    "file:/a/security/|bookworm-security|main",
    "file:/other/|bookworm|stable",
    "file:/other/|nodistro|main",
    "file:/a/debian/|bookworm|main",
  ].join("\n");
  const list = "deb file:/a/debian/ bookworm main\ndeb file:/a/security/ bookworm-security main\n";
  t.equal(debianSources(targets, "bookworm"), list);
  t.equal(debianSources(targets, "trixie"), "");
});

t.test("of the machine's apt settings only those for reaching archives are used", async (t) => {
  const kept = [
    'Acquire::http::Proxy "http://localhost:1";',
    'Acquire::https::CaInfo "/c";',
    'Acquire::Check-Date "false";',
  ];
  const dropped = [
    'Dir::Etc "etc/apt";',
    'Acquire::Languages:: "none";',
    'Acquire::GzipIndexes "1";',
  ];
  t.equal(reachOptions([...dropped, ...kept].join("\n")), `${kept.join("\n")}\n`);
});

t.test("dpkg's status file: what is installed and only that", async (t) => {
  const status = `Package: b
Status: install ok installed
Version: 1:2-3
Description: x
 Version: 9

Package: a
Status: install ok installed
Version: 1~rc

Package: c
Status: deinstall ok config-files
Version: 4
`;
  t.same(installedPackages(status), { a: "1~rc", b: "1:2-3" });
});

t.test("the machine: release, tools and space", async (t) => {
  const dir = t.testdir({ debian: 'ID=debian\nVERSION_CODENAME="trixie"\n', other: "ID=arch\n" });
  t.equal(await debianRelease(path.join(dir, "debian")), "trixie");
  await t.rejects(debianRelease(path.join(dir, "other")), { code: "not-debian", exitStatus: 3 });
  await t.rejects(debianRelease(path.join(dir, "none")), { code: "not-debian" });
  t.throws(() => checkTools(dir), { code: "tool-missing", message: /e2fsprogs/ });
  // proc has no free space at all.
  await t.rejects(checkSpace("/proc"), { code: "no-space", message: /0.0 GB free/ });
});

t.test("the sweep removes what killed builds left and nothing else", async (t) => {
  const outside = t.testdir({ images: { "k.img": "", ".work-1": { tree: { x: "" } } }, keep: {} });
  const images = path.join(outside, "images");
  mkdirSync(path.join(images, ".work-2"));
  // A link that names no folder of ours must not be followed.
  symlinkSync(path.join(outside, "keep"), path.join(images, ".work-2/tree-place"));
  writeFileSync(path.join(outside, "keep/me"), "");
  await sweep(images);
  t.same(readdirSync(images), ["k.img"]);
  t.same(readdirSync(path.join(outside, "keep")), ["me"]);
});
