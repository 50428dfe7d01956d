// SPDX-License-Identifier: Apache-2.0
// The lab's QEMU 10 with all its libraries as one tree, beside virtiofsd and vde_switch.
import { copyFile, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { closureOf, download, versionsOf } from "./apt.js";
import { SetupError } from "./errors.js";
import { allExist } from "./files.js";
import { must } from "./run.js";
import { fillFolder, tidy, unpack } from "./unpack.js";

/** @typedef {import("./apt.js").Pin} Pin */
/** @typedef {import("./apt-config.js").AptFolder} AptFolder */

/**
 * @typedef {object} QemuEntry
 * @property {string} version
 * @property {string} dir relative to the cache
 */

const LIBRARY_FOLDERS = ["usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"];
const PROGRAMS = ["usr/bin/qemu-system-x86_64", "usr/lib/qemu/virtiofsd", "usr/bin/vde_switch"];

/** The C library and its loader belong together, so they stay the machine's. */
const LIBC = /^(linux-vdso|ld-linux-x86-64|lib(c|m|mvec|dl|pthread|rt|resolv|util))\.so\.\d+$/;

/**
 * @param {AptFolder} apt
 * @returns {Promise<{ entry: QemuEntry, pins: Pin[], virtiofsd: Pin }>}
 */
export async function resolveQemu(apt) {
  const closure = await closureOf(apt, ["qemu-system-x86", "vde-switch"]);
  const version = closure.find(({ name }) => name === "qemu-system-x86")?.version ?? "none";
  if (majorOf(version) < 10) {
    throw new SetupError(
      "QEMU_TOO_OLD",
      `${apt.codename}-backports offers QEMU ${version}, and the lab needs 10 or newer`,
      "give the machine's apt sources a mirror that carries present backports",
    );
  }
  const name = "qemu-system-common";
  // QEMU 8 dropped this virtiofsd; Debian 12's own 7.2 is the last to bring it.
  const old = (await versionsOf(apt, name)).find((v) => majorOf(v) === 7);
  if (old === undefined) {
    throw new SetupError(
      "NO_VIRTIOFSD",
      `The machine's Debian archive offers no ${name} 7.2, which brings virtiofsd`,
      `give the machine's apt sources a mirror that carries all of ${apt.codename}`,
    );
  }
  return {
    // No epoch: a colon cannot stand in a library path.
    entry: { version, dir: path.join("qemu", version.replace(/^\d+:/, "")) },
    pins: closure.filter((pin) => pin.name !== "libc6"),
    virtiofsd: { name, version: old },
  };
}

/**
 * @param {string} version of a Debian package
 * @returns {number}
 */
function majorOf(version) {
  return Number(/^(?:\d+:)?(\d+)/.exec(version)?.[1] ?? 0);
}

/**
 * @param {string} tree
 * @returns {Promise<boolean>}
 */
export function qemuIsWhole(tree) {
  return allExist(tree, [...PROGRAMS, "usr/share/qemu/pvh.bin", "usr/share/seabios/bios-256k.bin"]);
}

/**
 * @param {AptFolder} apt
 * @param {string} root of the cache
 * @param {{ entry: QemuEntry, pins: Pin[], virtiofsd: Pin }} qemu
 * @param {{ say: (line: string) => void, lockFd: number }} options
 */
export async function addQemu(apt, root, qemu, options) {
  const tree = path.join(root, qemu.entry.dir);
  if (await qemuIsWhole(tree)) return;
  const what = `QEMU ${qemu.entry.version}`;
  const debs = await download(apt, qemu.pins, { ...options, what });
  const other = { ...options, what: `virtiofsd of QEMU ${qemu.virtiofsd.version}` };
  const old = await download(apt, [qemu.virtiofsd], other);
  options.say(`Unpacking ${what}.`);
  await fillFolder(tree, async (unfinished) => {
    await unpack(debs, unfinished, options.lockFd);
    await addVirtiofsd(old, unfinished, options.lockFd);
    await tidy(unfinished);
    for (const program of PROGRAMS) await checkLibraries(unfinished, program);
  });
  // Unpacked: the archives would only take room.
  for (const deb of [...debs, ...old]) await rm(deb);
}

/**
 * @param {readonly string[]} debs
 * @param {string} tree
 * @param {number} lockFd
 */
async function addVirtiofsd(debs, tree, lockFd) {
  const aside = path.join(tree, "aside");
  const file = "usr/lib/qemu/virtiofsd";
  await mkdir(aside);
  await unpack(debs, aside, lockFd);
  await copyFile(path.join(aside, file), path.join(tree, file));
  await rm(aside, { recursive: true });
}

/**
 * A library taken from the machine by chance would be missing, or another one, elsewhere.
 * @param {string} tree
 * @param {string} program
 */
async function checkLibraries(tree, program) {
  const env = { ...process.env, LD_LIBRARY_PATH: libraryPath(tree), LC_ALL: "C" };
  const hint = "report this to LiveStack with the version of QEMU";
  const text = await must(
    `Reading what ${program} links`,
    hint,
    "ldd",
    [path.join(tree, program)],
    {
      env,
    },
  );
  const strange = strangeLibraries(text, tree);
  if (strange.length === 0) return;
  throw new SetupError(
    "LIBRARY_MISSING",
    `${program} of the lab's QEMU needs ${strange.join(", ")}, which its packages do not bring`,
    hint,
  );
}

/**
 * @param {string} text output of ldd
 * @param {string} tree
 * @returns {string[]} libraries that are neither in the tree nor part of the C library
 */
export function strangeLibraries(text, tree) {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\S+)(?: => (.*?))?(?: \(0x[0-9a-f]+\))?$/.exec(line);
    if (match === null) return [];
    const [, name = "", target = name] = match;
    return LIBC.test(path.basename(name)) || target.startsWith(`${tree}/`) ? [] : [name];
  });
}

/**
 * @param {string} tree
 * @returns {string} for LD_LIBRARY_PATH
 */
export function libraryPath(tree) {
  return LIBRARY_FOLDERS.map((folder) => path.join(tree, folder)).join(":");
}
