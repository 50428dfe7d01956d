// SPDX-License-Identifier: Apache-2.0
import { cp, rm } from "node:fs/promises";
import path from "node:path";
import { updateIndexes } from "./apt.js";
import { writeAptFolder } from "./apt-config.js";
import { addBusybox, resolveBusybox } from "./busybox.js";
import { addKernel, resolveKernel } from "./kernels.js";
import { missingParts, PARTS, readManifest, writeManifest } from "./manifest.js";
import { addQemu, resolveQemu } from "./qemu.js";

/**
 * Fetches what is missing. The caller holds the lock.
 * @param {import("./host.js").Host} host
 * @param {import("./paths.js").CacheLayout} cache
 * @param {object} options
 * @param {string} options.codename
 * @param {number} options.lockFd
 * @param {boolean} options.update look for newer versions of what is there, too
 * @param {string | undefined} options.indexes an apt folder whose indexes were just read
 */
export async function fillCache(host, cache, options) {
  const manifest = await readManifest(cache.manifest);
  const missing = await missingParts(cache.root, manifest);
  const parts = options.update ? PARTS : missing;
  if (parts.length === 0) return;
  const apt = await writeAptFolder(cache.apt, host, options.codename);
  await adoptIndexes(apt, options.indexes);
  if (!apt.security) {
    host.say(`No apt source names ${apt.codename}-security: kernels come without its updates.`);
  }
  const how = { say: host.say, lockFd: options.lockFd };
  for (const part of parts) {
    if (part === "qemu") {
      const qemu = await resolveQemu(apt);
      await addQemu(apt, cache.root, qemu, how);
      manifest.qemu = qemu.entry;
      // virtiofsd's package shares its name with one of QEMU 10's, so it is recorded by program.
      record(manifest, [...qemu.pins, { ...qemu.virtiofsd, name: "virtiofsd" }]);
    } else if (part === "busybox") {
      const busybox = await resolveBusybox(apt);
      await addBusybox(apt, cache.root, busybox, how);
      manifest.busybox = busybox.entry;
      record(manifest, busybox.pins);
    } else {
      const kernel = await resolveKernel(apt, part);
      await addKernel(apt, cache.root, kernel, how);
      manifest.kernels[part] = kernel.entry;
      record(manifest, kernel.pins);
    }
    // After each part, so that being stopped does not cost what is already there.
    await writeManifest(cache.manifest, manifest);
  }
}

/**
 * @param {import("./apt-config.js").AptFolder} apt
 * @param {string | undefined} from
 */
async function adoptIndexes(apt, from) {
  if (from === undefined) return updateIndexes(apt);
  const lists = path.join(apt.dir, "lists");
  await rm(lists, { recursive: true });
  await cp(path.join(from, "lists"), lists, { recursive: true, preserveTimestamps: true });
}

/**
 * @param {import("./manifest.js").Manifest} manifest
 * @param {readonly import("./apt.js").Pin[]} pins
 */
function record(manifest, pins) {
  for (const { name, version } of pins) manifest.packages[name] = version;
}
