// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, truncate, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { HELP, parseCommand } from "#image/arguments";
import { EXIT_STATUS } from "#image/errors";
import { debianRelease } from "#image/machine";
import { imageKey, resolveSpec } from "#image/spec";

const MAIN = fileURLToPath(new URL("../main.js", import.meta.url));

function main(cache: string, argv: string[], PATH = process.env.PATH ?? "") {
  const env = { ...process.env, XDG_CACHE_HOME: cache, PATH };
  return spawnSync(process.execPath, [MAIN, ...argv], { env, encoding: "utf8" });
}

t.test("arguments", async (t) => {
  t.same(parseCommand(["build"]), { kind: "build", spec: { packages: [] } });
  t.same(parseCommand(["build", "--packages", "gcc,make", "--size=2G"]), {
    kind: "build",
    spec: { packages: ["gcc", "make"], size: 2 ** 31 },
  });
  t.same(parseCommand(["guest", "--packages=jq", "--kernel", "6.1"]), {
    kind: "guest",
    spec: { packages: ["jq"], series: "6.1" },
  });
  t.same(parseCommand(["--help"]), { kind: "help" });
  for (const argv of [
    [],
    ["bild"],
    ["build", "x"],
    ["build", "--pkgs", "a"],
    ["build", "--size"],
    ["build", "--kernel", "6.12"],
    ["guest", "build"],
  ]) {
    t.throws(() => parseCommand(argv), { code: "usage", exitStatus: 2 }, argv.join(" "));
  }
});

t.test("--help names every exit status", async (t) => {
  const help = main(t.testdir(), ["--help"]);
  t.equal(help.status, 0);
  t.equal(help.stdout, HELP);
  for (const status of Object.values(EXIT_STATUS)) {
    t.match(HELP, new RegExp(`^  ${status} `, "m"));
  }
});

t.test("bad input gives one sentence, status 2 and leaves nothing", async (t) => {
  const cases = [["bild"], ["build", "--packages", "-x"], ["guest", "--packages=a/b"], ["--nope"]];
  for (const argv of [...cases, ["build", "--size", "12"], ["build", "--size=4X"]]) {
    const cache = path.join(t.testdir(), "cache");
    const { status, stdout, stderr } = main(cache, argv);
    t.equal(status, 2, argv.join(" "));
    t.equal(stdout, "");
    t.match(stderr, /^image: [^\n]+\.\n$/);
    t.notOk(existsSync(cache));
  }
});

t.test("a machine without the tools is told which package has them", async (t) => {
  const cache = path.join(t.testdir({ bin: {} }), "cache");
  const { status, stderr } = main(cache, ["build"], path.join(t.testdirName, "bin"));
  // /usr/sbin is always looked in, so e2fsprogs may be there.
  t.equal(status, 3);
  t.match(stderr, /^image: [^\n]*without [^\n]*mmdebstrap[^\n]*apt-get install [^\n]*mmdebstrap/);
  t.notOk(existsSync(cache));
});

t.test(
  "an image in the cache is returned with no tool at hand, a damaged one is not",
  async (t) => {
    const cache = t.testdir({ bin: {} });
    const images = path.join(cache, "livestack/images");
    const spec = resolveSpec({ packages: ["gcc"] });
    const key = imageKey(spec, await debianRelease());
    const file = path.join(images, `${key}.img`);
    const record = { schema: "livestack.image/1", key, size: spec.size, packages: {} };
    await mkdir(images, { recursive: true });
    await writeFile(file, "");
    await truncate(file, spec.size);
    await writeFile(path.join(images, `${key}.json`), JSON.stringify(record));
    const build = () => main(cache, ["build", "--packages=gcc"], path.join(cache, "bin"));

    const hit = build();
    t.same([hit.status, hit.stdout], [0, `${file}\n`]);
    await truncate(file, 4096);
    t.equal(build().status, 3);
    await truncate(file, spec.size);
    await writeFile(path.join(images, `${key}.json`), "{");
    t.equal(build().status, 3);
    t.same(readdirSync(images).sort(), [`${key}.img`, `${key}.json`]);
  },
);
