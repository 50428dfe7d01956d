// SPDX-License-Identifier: Apache-2.0
// The lab's kernels: image, headers and kbuild of one version unpacked as one tree.
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { dependenciesOf, download, versionsOf } from "./apt.js";
import { SetupError } from "./errors.js";
import { allExist } from "./files.js";
import { must } from "./run.js";
import { fillFolder, tidy, unpack } from "./unpack.js";

/** @typedef {import("./apt.js").Pin} Pin */
/** @typedef {import("./apt-config.js").AptFolder} AptFolder */

/**
 * @typedef {object} KernelEntry
 * @property {string} version of the packages
 * @property {string} release as `uname -r` says it
 * @property {string} dir relative to the cache
 */

/**
 * Which packages stand for a series, the preferred first: 6.12 is in Debian 12's security archive
 * under a name of its own, and in backports under the general one.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const META_PACKAGES = {
  6.1: ["linux-image-cloud-amd64"],
  6.12: ["linux-image-6.12-cloud-amd64", "linux-image-cloud-amd64"],
};

/** By its path: an ordinary user's PATH on Debian lacks /sbin. */
const DEPMOD = "/sbin/depmod";

export const KERNEL_SERIES = Object.freeze(Object.keys(META_PACKAGES));

/**
 * @param {AptFolder} apt
 * @param {string} series "6.1" or "6.12"
 * @returns {Promise<{ entry: KernelEntry, pins: Pin[] }>}
 */
export async function resolveKernel(apt, series) {
  const meta = await metaPackage(apt, series);
  const { version } = meta;
  const image = only(await dependenciesOf(apt, meta), /^linux-image-/, meta);
  const release = image.replace("linux-image-", "");
  const headers = { name: `linux-headers-${release}`, version };
  const needs = await dependenciesOf(apt, headers);
  const names = [
    image,
    headers.name,
    only(needs, /^linux-headers-.*-common$/, headers),
    only(needs, /^linux-kbuild-/, headers),
  ];
  const dir = path.join("kernels", version);
  return { entry: { version, release, dir }, pins: names.map((name) => ({ name, version })) };
}

/**
 * @param {AptFolder} apt
 * @param {string} series
 * @returns {Promise<Pin>}
 */
async function metaPackage(apt, series) {
  const candidates = META_PACKAGES[series] ?? [];
  for (const name of candidates) {
    const versions = await versionsOf(apt, name);
    const version = versions.find((v) => v.startsWith(`${series}.`));
    if (version !== undefined) return { name, version };
  }
  throw new SetupError(
    "KERNEL_NOT_FOUND",
    `The machine's Debian archive offers no ${series} kernel (${candidates.join(", ")})`,
    `add the security archive of ${apt.codename} to the machine's apt sources`,
  );
}

/**
 * @param {readonly string[]} names
 * @param {RegExp} pattern
 * @param {Pin} owner
 * @returns {string}
 */
function only(names, pattern, owner) {
  const found = names.find((name) => pattern.test(name));
  if (found !== undefined) return found;
  throw new SetupError(
    "UNEXPECTED_PACKAGE",
    `${owner.name} ${owner.version} depends on no package like ${pattern.source}`,
    "report this to LiveStack with the version named here: Debian packages its kernels in a new way",
  );
}

/**
 * @param {string} tree
 * @param {string} release
 * @returns {Promise<boolean>} whether what the lab reads first is there
 */
export function kernelIsWhole(tree, release) {
  return allExist(tree, [
    `boot/vmlinuz-${release}`,
    `boot/config-${release}`,
    `lib/modules/${release}/modules.dep`,
    `lib/modules/${release}/build/Makefile`,
    `usr/src/linux-headers-${release}/scripts/basic/fixdep`,
  ]);
}

/**
 * Downloads and unpacks a kernel.
 * @param {AptFolder} apt
 * @param {string} root of the cache
 * @param {{ entry: KernelEntry, pins: Pin[] }} kernel
 * @param {{ say: (line: string) => void, lockFd: number }} options
 */
export async function addKernel(apt, root, kernel, options) {
  const { dir, release, version } = kernel.entry;
  const tree = path.join(root, dir);
  if (await kernelIsWhole(tree, release)) return;
  const what = `kernel ${version}`;
  const debs = await download(apt, kernel.pins, { ...options, what });
  options.say(`Unpacking ${what}.`);
  await fillFolder(tree, async (unfinished) => {
    await unpack(debs, unfinished, options.lockFd);
    await tidy(unfinished);
    await relinkHeaders(unfinished, release);
    const hint = "check that the Debian package kmod is whole, and run the set-up again";
    const where = ["--basedir", unfinished, release];
    await must(`Indexing the modules of ${release}`, hint, DEPMOD, where, options);
    if (await kernelIsWhole(unfinished, release)) return;
    throw new SetupError(
      "KERNEL_INCOMPLETE",
      `The packages of kernel ${version} do not hold what a kernel needs (looked in ${unfinished})`,
      "report this to LiveStack with the version named here: Debian packages its kernels in a new way",
    );
  });
  // Unpacked: the archives would only take room.
  for (const deb of debs) await rm(deb);
}

/**
 * Debian's headers expect to lie in /usr/src; afterwards they work wherever the tree is put.
 * @param {string} tree
 * @param {string} release
 */
async function relinkHeaders(tree, release) {
  const headers = path.join(tree, "usr/src", `linux-headers-${release}`);
  const makefile = path.join(headers, "Makefile");
  const text = await readFile(makefile, "utf8");
  const common = /^include \/usr\/src\/(linux-headers-\S+)\/Makefile$/m.exec(text)?.[1];
  if (common === undefined) {
    throw new SetupError(
      "HEADERS_UNKNOWN",
      `${makefile} does not include the common headers as expected`,
      "report this to LiveStack with the kernel's release",
    );
  }
  // Relative to the Makefile's own place: $(lastword ...) is this file while it is being read.
  const here = "$(dir $(lastword $(MAKEFILE_LIST)))";
  await writeFile(makefile, text.replace(`/usr/src/${common}/`, `${here}../${common}/`));
  const modules = path.join(tree, "lib/modules", release);
  for (const [link, target] of [
    ["build", `linux-headers-${release}`],
    ["source", common],
  ]) {
    await rm(path.join(modules, `${link}`), { force: true });
    await symlink(path.join("../../../usr/src", `${target}`), path.join(modules, `${link}`));
  }
}
