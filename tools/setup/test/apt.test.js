// SPDX-License-Identifier: Apache-2.0
import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import t from "tap";
import { parseMadison, parseSimulation, parseUris, unreadable } from "../apt.js";
import { writeAptFolder } from "../apt-config.js";
import { resolveBusybox } from "../busybox.js";
import { notInstalled } from "../debian.js";
import { choose } from "../fetch.js";
import { resolveKernel } from "../kernels.js";
import { emptyManifest } from "../manifest.js";
import { resolveQemu, strangeLibraries } from "../qemu.js";
import { gist } from "../run.js";
import { fakeHost } from "./fake-host.js";

const APT_CACHE = `
case "$1 $2" in
"madison linux-image-cloud-amd64") cat <<END
linux-image-cloud-amd64 | 6.12.95-1~bpo12+1 | http://m.invalid/debian bookworm-backports/main amd64 Packages
linux-image-cloud-amd64 |  6.1.192-2 | http://s.invalid/debian-security bookworm-security/main amd64 Packages
linux-image-cloud-amd64 |  6.1.176-1 | http://m.invalid/debian bookworm/main amd64 Packages
linux-signed-amd64 | 6.1.176+1 | http://m.invalid/debian bookworm/main Sources
END
;;
"madison busybox-static") cat <<END
busybox-static | 1:1.35.0-4+deb12u1+b1 | http://m.invalid/debian bookworm/main amd64 Packages
END
;;
"madison qemu-system-common") cat <<END
qemu-system-common | 1:10.0.2+ds-2 | http://m.invalid/debian bookworm-backports/main amd64 Packages
qemu-system-common | 1:7.2+dfsg-7+b3 | http://m.invalid/debian bookworm/main amd64 Packages
END
;;
"show linux-image-cloud-amd64=6.1.192-2") echo "Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2)";;
"show linux-headers-6.1.0-56-cloud-amd64=6.1.192-2")
echo "Depends: linux-headers-6.1.0-56-common (= 6.1.192-2), linux-kbuild-6.1 (>= 6.1.192-2), gcc-12";;
"show linux-image-cloud-amd64=6.12.95-1~bpo12+1") echo "Depends: linux-image-6.12.95+deb12-cloud-amd64";;
"show linux-headers-6.12.95+deb12-cloud-amd64=6.12.95-1~bpo12+1")
echo "Depends: linux-headers-6.12.95+deb12-common, linux-image-x | linux-image-y, linux-kbuild-6.12.95+deb12";;
esac`;

/** @param {string} version of QEMU on offer */
const aptGet = (version) => `
echo "Inst libc6 (2.36-9 Debian:12 [amd64]) []"
echo "Inst libpmem1 (1.12.1-2 Debian:12 [amd64])"
echo "Inst qemu-system-x86 (${version} Backports [amd64])"
echo "Conf qemu-system-x86 (${version} Backports [amd64])"`;

/**
 * @param {import("tap").Test} t
 * @param {Record<string, string>} programs
 */
async function folder(t, programs) {
  const { host } = await fakeHost(t.testdir(), { programs });
  // The fake programs use cat and echo.
  host.env.PATH += ":/usr/bin:/bin";
  return writeAptFolder(path.join(host.home, "apt"), host, "bookworm");
}

t.test(
  "a kernel is found by its series: newest version, exact names of its four packages",
  async (t) => {
    const apt = await folder(t, { "apt-cache": APT_CACHE });
    const { entry, pins } = await resolveKernel(apt, "6.1");
    t.strictSame(entry, {
      version: "6.1.192-2",
      release: "6.1.0-56-cloud-amd64",
      dir: "kernels/6.1.192-2",
    });
    t.strictSame(
      pins.map(({ name, version }) => `${name} ${version}`),
      [
        "linux-image-6.1.0-56-cloud-amd64 6.1.192-2",
        "linux-headers-6.1.0-56-cloud-amd64 6.1.192-2",
        "linux-headers-6.1.0-56-common 6.1.192-2",
        "linux-kbuild-6.1 6.1.192-2",
      ],
    );
  },
);

t.test("6.12 comes from backports where the security archive has none", async (t) => {
  const apt = await folder(t, { "apt-cache": APT_CACHE });
  const { entry } = await resolveKernel(apt, "6.12");
  t.equal(entry.version, "6.12.95-1~bpo12+1");
  t.equal(entry.release, "6.12.95+deb12-cloud-amd64");
});

t.test("an archive without the kernel is told with the remedy", async (t) => {
  const apt = await folder(t, { "apt-cache": "exit 0" });
  await t.rejects(resolveKernel(apt, "6.12"), {
    code: "KERNEL_NOT_FOUND",
    message: /offers no 6\.12 kernel/,
    hint: /add the security archive/,
  });
});

t.test("QEMU's closure leaves the C library out and names a folder without colons", async (t) => {
  const apt = await folder(t, { "apt-cache": APT_CACHE, "apt-get": aptGet("1:10.0.2+ds-2") });
  const qemu = await resolveQemu(apt);
  t.strictSame(qemu.entry, { version: "1:10.0.2+ds-2", dir: "qemu/10.0.2+ds-2" });
  t.strictSame(
    qemu.pins.map(({ name }) => name),
    ["libpmem1", "qemu-system-x86"],
  );
  t.equal(qemu.virtiofsd.version, "1:7.2+dfsg-7+b3");
});

t.test("busybox comes in the archive's newest version, and its lack is told", async (t) => {
  const { entry, pins } = await resolveBusybox(await folder(t, { "apt-cache": APT_CACHE }));
  const version = "1:1.35.0-4+deb12u1+b1";
  t.strictSame(entry, { version, dir: "busybox/1.35.0-4+deb12u1+b1" });
  t.strictSame(pins, [{ name: "busybox-static", version }]);
  const nothing = await folder(t, { "apt-cache": "exit 0" });
  await t.rejects(resolveBusybox(nothing), {
    code: "NO_BUSYBOX",
    message: /offers no package busybox-static/,
    hint: /mirror/,
  });
});

t.test("a QEMU older than 10 is refused", async (t) => {
  const apt = await folder(t, { "apt-cache": APT_CACHE, "apt-get": aptGet("1:7.2+dfsg-7") });
  await t.rejects(resolveQemu(apt), { code: "QEMU_TOO_OLD" });
});

t.test("our apt configuration keeps the machine's proxy and stays out of its state", async (t) => {
  const proxy = 'Acquire::http::Proxy "http://user:secret@proxy.invalid:3128";';
  const apt = await folder(t, {
    "apt-config": `echo '${proxy}'; echo 'Acquire::Languages:: "de";'; echo 'Acquire::cdrom "";'`,
  });
  const config = path.join(apt.dir, "apt.conf");
  const text = await readFile(config, "utf8");
  t.match(text, proxy);
  t.notMatch(text, '"de"');
  for (const line of text.split("\n").filter((l) => l.startsWith("Dir::"))) {
    t.ok(line.includes(`"${apt.dir}`) || line.endsWith('"/dev/null";'), line);
  }
  t.equal((await stat(config)).mode & 0o077, 0, "others cannot read the proxy's password");
  t.equal(apt.env.APT_CONFIG, config);
});

t.test("apt's outputs are read", async (t) => {
  t.strictSame(
    parseMadison("a | 2 | u x Packages\na | 1 | u x Packages\nab | 3 | u Packages", "a"),
    ["2", "1"],
  );
  t.strictSame(parseSimulation("Inst a [1] (2:3 X [amd64])\nConf a (2:3 X [amd64])\n"), [
    { name: "a", version: "2:3" },
  ]);
  t.strictSame(parseUris("'http://m/a_1%253a2_all.deb' a_1%3a2_all.deb 42 SHA256:00\n"), [
    { file: "a_1%3a2_all.deb", bytes: 42 },
  ]);
});

t.test("an archive that cannot be reached differs from one that cannot be used", async (t) => {
  const offline = "Err:1 http://m.invalid x\n  Temporary failure resolving 'm.invalid'\nW: Failed";
  t.match(unreadable(offline), { code: "NO_NETWORK", message: /resolving 'm\.invalid'/ });
  const unsigned = "E: The repository 'http://m.invalid bookworm' is not signed.";
  t.match(unreadable(unsigned), { code: "ARCHIVE_UNREADABLE", message: /is not signed/ });
});

t.test("what a failed program said first about its error is told", async (t) => {
  const npm = "npm warn x\nnpm error code EUSAGE\nnpm error\nnpm error why\nnpm error aliases: a";
  t.equal(gist(npm), "npm error code EUSAGE | npm error why | npm error aliases: a");
  const full = "tar: ./a: Cannot write: No space left on device";
  t.equal(gist(`${full}\ntar: Exiting\ndpkg-deb: error: tar failed`), full);
  t.equal(gist("one\ntwo\n\nthree\n"), "two | three");
});

t.test(
  "a kernel's source comes in the version of the lab's kernel while that is on offer",
  async (t) => {
    const kernels = { 6.12: { version: "6.12.1-1", release: "r", dir: "d" } };
    const manifest = { ...emptyManifest(), kernels };
    const name = "linux-source-6.12";
    t.equal(choose(name, ["6.12.2-1", "6.12.1-1"], manifest).version, "6.12.1-1");
    t.equal(choose(name, ["6.12.3-1"], manifest).version, "6.12.3-1");
    t.equal(choose("linux-source-6.1", ["6.1.5-1"], manifest).version, "6.1.5-1");
    t.throws(() => choose("none", [], manifest), { code: "NO_SUCH_PACKAGE" });
  },
);

t.test("a library from outside the tree is noticed, the C library is not", async (t) => {
  const ldd = [
    "\tlinux-vdso.so.1 (0x00007f0000000000)",
    "\tlibz.so.1 => /c/t/lib/libz.so.1 (0x00007f0000000000)",
    "\tlibnuma.so.1 => /lib/x86_64-linux-gnu/libnuma.so.1 (0x00007f0000000000)",
    "\tlibgone.so.2 => not found",
    "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0000000000)",
    "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0000000000)",
    "",
  ].join("\n");
  t.strictSame(strangeLibraries(ldd, "/c/t"), ["libnuma.so.1", "libgone.so.2"]);
});

t.test("a package counts as installed by dpkg's word only", async (t) => {
  const text = "a installed\nb config-files\nc half-configured\n";
  t.strictSame(notInstalled(text, ["a", "b", "c", "d"]), ["b", "c", "d"]);
});
