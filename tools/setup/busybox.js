// SPDX-License-Identifier: Apache-2.0
// The user space of the smallest guest: one static program. It stays in the cache, because the
// package cannot be installed beside Debian's other busybox, which the machine may need.
import { rm } from "node:fs/promises";
import path from "node:path";
import { download, versionsOf } from "./apt.js";
import { SetupError } from "./errors.js";
import { allExist } from "./files.js";
import { fillFolder, tidy, unpack } from "./unpack.js";

/** @typedef {import("./apt.js").Pin} Pin */
/** @typedef {import("./apt-config.js").AptFolder} AptFolder */

/**
 * @typedef {object} BusyboxEntry
 * @property {string} version
 * @property {string} dir relative to the cache
 */

const PACKAGE = "busybox-static";

/**
 * @param {AptFolder} apt
 * @returns {Promise<{ entry: BusyboxEntry, pins: Pin[] }>}
 */
export async function resolveBusybox(apt) {
  const [version] = await versionsOf(apt, PACKAGE);
  if (version === undefined) {
    throw new SetupError(
      "NO_BUSYBOX",
      `The machine's Debian archive offers no package ${PACKAGE}`,
      `give the machine's apt sources a mirror that carries all of ${apt.codename}`,
    );
  }
  const dir = path.join("busybox", version.replace(/^\d+:/, ""));
  return { entry: { version, dir }, pins: [{ name: PACKAGE, version }] };
}

/**
 * @param {string} tree
 * @returns {Promise<boolean>}
 */
export function busyboxIsWhole(tree) {
  return allExist(tree, ["bin/busybox"]);
}

/**
 * @param {AptFolder} apt
 * @param {string} root of the cache
 * @param {{ entry: BusyboxEntry, pins: Pin[] }} busybox
 * @param {{ say: (line: string) => void, lockFd: number }} options
 */
export async function addBusybox(apt, root, busybox, options) {
  const tree = path.join(root, busybox.entry.dir);
  if (await busyboxIsWhole(tree)) return;
  const debs = await download(apt, busybox.pins, {
    ...options,
    what: `busybox ${busybox.entry.version}`,
  });
  await fillFolder(tree, async (unfinished) => {
    await unpack(debs, unfinished, options.lockFd);
    await tidy(unfinished);
  });
  // Unpacked: the archives would only take room.
  for (const deb of debs) await rm(deb);
}
