// SPDX-License-Identifier: Apache-2.0
import { chmod, mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { DEBIAN_PACKAGES } from "../packages.js";

const DEBIAN_12 =
  'PRETTY_NAME="Debian 12"\nID=debian\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\n';
const LOCK = '{"packages":{"node_modules/a":{"integrity":"sha512-AA=="}}}';
const SOURCES = "deb http://mirror.invalid/debian bookworm main\n";

/** Programs that behave as on a machine where all is installed and nothing can be reached. */
const PROGRAMS = {
  "dpkg-query": DEBIAN_PACKAGES.map(([name]) => `echo ${name} installed`).join("\n"),
  sudo: "exit 1",
  "apt-config": "exit 0",
  "apt-get":
    'test "$1" = update && echo "Err:1 http://mirror.invalid/debian bookworm InRelease" &&\n' +
    "echo \"  Temporary failure resolving 'mirror.invalid'\"\nexit 0",
  npm: 'test "$1" = ping && echo "npm error code EAI_AGAIN" >&2 && exit 1\necho /nonexistent',
};

/**
 * A Debian 12 machine made of a folder; nothing on it reaches the real one.
 * @param {string} dir
 * @param {{ osRelease?: string, sources?: string, programs?: Record<string, string> }} [change]
 */
export async function fakeHost(dir, change = {}) {
  const bin = path.join(dir, "bin");
  const aptDir = path.join(dir, "etc");
  const checkout = path.join(dir, "checkout");
  for (const folder of [bin, aptDir, checkout]) await mkdir(folder, { recursive: true });
  for (const [name, body] of Object.entries({ ...PROGRAMS, ...change.programs })) {
    await writeFile(path.join(bin, name), `#!/bin/sh\n${body}\n`);
    await chmod(path.join(bin, name), 0o755);
  }
  const osRelease = path.join(dir, "os-release");
  await writeFile(osRelease, change.osRelease ?? DEBIAN_12);
  await writeFile(path.join(aptDir, "sources.list"), change.sources ?? SOURCES);
  await writeFile(path.join(checkout, "package-lock.json"), LOCK);
  /** @type {string[]} */
  const said = [];
  /** @type {string[]} */
  const printed = [];
  const host = {
    env: { PATH: bin, XDG_CACHE_HOME: path.join(dir, "cache"), TMPDIR: dir },
    home: dir,
    uid: 0,
    nodeVersion: "20.19.0",
    arch: "x64",
    osRelease,
    aptDir,
    checkout,
    say: (/** @type {string} */ line) => void said.push(line),
    print: (/** @type {string} */ line) => void printed.push(line),
  };
  return { host, said, printed, cache: path.join(dir, "cache/livestack") };
}

/**
 * What the lab reads of a filled cache, as empty files.
 * @param {string} root
 */
export async function fakeCache(root) {
  const releases = { 6.1: "6.1.0-1-cloud-amd64", 6.12: "6.12.1-cloud-amd64" };
  /** @type {Record<string, { version: string, release: string, dir: string }>} */
  const kernels = {};
  for (const [series, release] of Object.entries(releases)) {
    const dir = `kernels/${series}`;
    kernels[series] = { version: series, release, dir };
    await touch(path.join(root, dir), [
      `boot/vmlinuz-${release}`,
      `boot/config-${release}`,
      `lib/modules/${release}/modules.dep`,
      `lib/modules/${release}/build/Makefile`,
      `usr/src/linux-headers-${release}/scripts/basic/fixdep`,
    ]);
  }
  await touch(path.join(root, "qemu/10"), [
    "usr/bin/qemu-system-x86_64",
    "usr/lib/qemu/virtiofsd",
    "usr/bin/vde_switch",
    "usr/share/qemu/pvh.bin",
    "usr/share/seabios/bios-256k.bin",
  ]);
  const qemu = { version: "10", dir: "qemu/10" };
  await touch(path.join(root, "busybox/1.35"), ["bin/busybox"]);
  const busybox = { version: "1.35", dir: "busybox/1.35" };
  const manifest = {
    ...{ schema: "livestack.setup/1", kernels, qemu, busybox },
    ...{ packages: {}, source: {} },
  };
  await writeFile(path.join(root, "setup.json"), JSON.stringify(manifest));
}

/**
 * @param {string} dir
 * @param {readonly string[]} names
 */
async function touch(dir, names) {
  for (const name of names) {
    const file = path.join(dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, "");
  }
}
