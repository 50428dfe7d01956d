// SPDX-License-Identifier: Apache-2.0
import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { cli } from "../cli.js";
import { EXIT } from "../errors.js";
import { HELP } from "../options.js";
import { fakeCache, fakeHost } from "./fake-host.js";

t.test("the help text names every exit status and option", async (t) => {
  const { host, printed } = await fakeHost(t.testdir());
  t.equal(await cli(["--help"], host), 0);
  t.strictSame(printed, [HELP.trimEnd()]);
  for (const status of Object.values(EXIT)) t.match(HELP, new RegExp(`^ {2}${status} {2}\\S`, "m"));
});

t.test("wrong options end with 2 and one sentence", async (t) => {
  for (const [args, sentence] of /** @type {[string[], RegExp][]} */ ([
    [["--nothing"], /^Unknown option "--nothing": see/],
    [["--fetch"], /^--fetch needs the name of a Debian package, not ""/],
    [["--fetch=../etc"], /not "\.\.\/etc"/],
  ])) {
    const { host, said } = await fakeHost(t.testdir());
    t.equal(await cli(args, host), 2);
    t.equal(said.length, 1);
    t.match(said[0], sentence);
  }
});

t.test("a machine where all is in place needs no network and is left as it is", async (t) => {
  const { host, said, cache } = await fakeHost(t.testdir());
  await fakeCache(cache);
  const before = await readdir(host.home, { recursive: true });
  t.equal(await cli(["--no-npm"], host), 0);
  t.strictSame(said, ["Set-up: everything is in place."]);
  t.strictSame(await readdir(host.home, { recursive: true }), before);
});

t.test(
  "all that is missing is told at once, one sentence each, and nothing is changed",
  async (t) => {
    const { host, said } = await fakeHost(t.testdir(), {
      programs: { "dpkg-query": "echo gcc installed" },
    });
    host.uid = 1000;
    host.nodeVersion = "18.20.4";
    const before = await readdir(host.home, { recursive: true });
    t.equal(await cli([], host), 3);
    const told = said.join("\n");
    t.equal(said.length, 5, told);
    t.match(told, /changed nothing:\n/);
    t.match(told, /- Node 18\.20\.4 is older than 20\.19: install/);
    t.match(told, /- You are not root .* packages libc6-dev, make, .* need root: run this as root/);
    t.match(told, /- npm's registry cannot be reached \(EAI_AGAIN\): connect/);
    t.match(told, /- Debian's archive cannot be reached \(Temporary failure .*\): connect/);
    t.strictSame(await readdir(host.home, { recursive: true }), before);
  },
);

t.test("elsewhere than on Debian 12 what else is missing is told, too", async (t) => {
  const { host, said } = await fakeHost(t.testdir(), {
    osRelease: 'PRETTY_NAME="Ubuntu 24.04"\nID=ubuntu\nVERSION_ID="24.04"\n',
    programs: { "dpkg-query": "exit 9" },
  });
  host.uid = 1000;
  host.arch = "arm64";
  t.equal(await cli([], host), 3);
  const told = said.join("\n");
  t.match(told, /runs Ubuntu 24\.04, not Debian 12: use/);
  t.match(told, /architecture is arm64, not amd64: use/);
  t.match(told, /\(virtiofsd\) needs root/);
  t.match(told, /npm's registry/);
});

t.test("a full cache does not excuse a user who cannot become root", async (t) => {
  const { host, said, cache } = await fakeHost(t.testdir());
  await fakeCache(cache);
  host.uid = 1000;
  t.equal(await cli(["--no-npm"], host), 3);
  t.match(said[1], /sharing files with lab hosts \(virtiofsd\) needs root: run this as root, or/);
});

t.test("sudo without a password is as good as root", async (t) => {
  const { host, cache } = await fakeHost(t.testdir(), { programs: { sudo: "exit 0" } });
  await fakeCache(cache);
  host.uid = 1000;
  t.equal(await cli(["--no-npm"], host), 0);
});

t.test("apt sources without the release are told", async (t) => {
  const { host, said } = await fakeHost(t.testdir(), { sources: "# empty\n" });
  t.equal(await cli(["--no-npm"], host), 3);
  t.match(said[1], /No source in .* names the suite bookworm .*: add Debian's archive/);
});

t.test("a cache folder that kernels cannot be built in is told", async (t) => {
  const { host, said, cache } = await fakeHost(t.testdir());
  await fakeCache(cache);
  host.env.XDG_CACHE_HOME = path.join(host.home, "my cache");
  t.equal(await cli(["--no-npm"], host), 3);
  t.match(said[1], /has a space or a colon in its name.*set XDG_CACHE_HOME/);
});

t.test("a checkout without package-lock.json is told, and npm's absence", async (t) => {
  const { host, said, cache } = await fakeHost(t.testdir());
  await fakeCache(cache);
  await rm(path.join(host.home, "bin/npm"));
  await writeFile(path.join(host.checkout, "package-lock.json"), "");
  t.equal(await cli([], host), 3);
  t.match(said.join("\n"), /has no package-lock\.json: .* clone it again/);
  t.match(said.join("\n"), /npm is not in PATH: install npm/);
});

t.test("a fetch without network ends with 3 and prints nothing on stdout", async (t) => {
  const { host, said, printed } = await fakeHost(t.testdir(), {
    programs: { "apt-cache": "exit 0" },
  });
  t.equal(await cli(["--fetch", "linux-source-6.12"], host), 3);
  t.match(said[1], /cannot be reached/);
  t.strictSame(printed, []);
});
