// SPDX-License-Identifier: Apache-2.0
// What holds for the sources themselves: style, licences, generated files, nothing of one machine.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cacheDir, repoRoot, resolveKernel } from "@livestack/lab";
import t from "tap";

function run(program: string, ...args: string[]) {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: repoRoot, encoding: "utf8" });
  return { status, text: `${stdout}${stderr}` };
}

/** Committed files and those that would be; a checkout without git has nothing to say. */
const files = run("git", "ls-files", "-co", "--exclude-standard").text.trim().split("\n");
const text = (path: string) => readFileSync(join(repoRoot, path), "utf8");
const sources = files.filter((path) => /(\.(ts|js|mjs|c|h|sh|yaml)|Kbuild|Makefile)$/.test(path));

t.test("Biome has nothing to say", async (t) => {
  const { status, text } = run("npx", "biome", "check");
  t.equal(status, 0, text);
});

t.test("the set-up's types are right, though nothing compiles it", async (t) => {
  const { status, text } = run("npx", "tsc", "-p", "tools/setup");
  t.equal(status, 0, text);
});

t.test("generated files are current", async (t) => {
  const kernel = run("make", "-s", "-C", "kernel", "check-generated");
  t.equal(kernel.status, 0, kernel.text);
  const proto = run("node", "packages/proto/generate.mjs", "--check");
  t.equal(proto.status, 0, proto.text);
});

for (const name of ["6.1", "6.12"])
  t.test(`kernel code gives no warning for ${name}`, async (t) => {
    const { build } = await resolveKernel(name);
    for (const target of ["W1", "sparse"]) {
      const { status, text } = run("make", "-s", "-C", "kernel", `KDIR=${build}`, target);
      t.equal(status, 0, text);
      t.pass(target);
    }
  });

t.test("checkpatch --strict has nothing to say", async (t) => {
  const { build } = await resolveKernel("6.12");
  const { status, text } = run("make", "-s", "-C", "kernel", `KDIR=${build}`, "checkpatch");
  t.equal(status, 0, text);
});

t.test("every source says its licence, and the kernel's is the kernel's", async (t) => {
  t.ok(sources.length > 100, `${sources.length} sources looked at`);
  const without = sources.filter(
    (path) => !text(path).slice(0, 300).includes("SPDX-License-Identifier:"),
  );
  t.same(without, []);
  const kernelCode = sources.filter((path) => /^kernel\/(core|compat|selftests)\//.test(path));
  t.same(
    kernelCode.filter((path) => !text(path).includes("SPDX-License-Identifier: GPL-2.0-only")),
    [],
  );
});

t.test("sources hold one idea each: none is longer than 400 lines", async (t) => {
  // The spec is one list on purpose: everything of the family follows from this one file.
  const list = "kernel/spec/livestack.yaml";
  const written = sources.filter(
    (path) => path !== list && !/\/generated\/|_gen\.|_netlink\.h/.test(path),
  );
  const long = written.filter((path) => text(path).split("\n").length > 401);
  t.same(long, []);
});

t.test("nothing of one machine or one registry is committed", async (t) => {
  const places = [repoRoot.replace(/\/$/, ""), cacheDir()];
  t.same(
    sources.filter((path) => places.some((place) => text(path).includes(place))),
    [],
    "paths",
  );
  const resolved = text("package-lock.json").match(/"resolved": "https?:.*"/g) ?? [];
  t.same(resolved, [], "registry addresses");
  t.same(
    files.filter((path) => /\.(ko|o|img|qcow2|key|pem|deb)$/.test(path)),
    [],
    "built or secret files",
  );
});
