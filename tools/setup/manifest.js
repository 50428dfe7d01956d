// SPDX-License-Identifier: Apache-2.0
// setup.json: what is in the cache, by exact version. Written last, so what it names is there.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { busyboxIsWhole } from "./busybox.js";
import { writeWhole } from "./files.js";
import { KERNEL_SERIES, kernelIsWhole } from "./kernels.js";
import { qemuIsWhole } from "./qemu.js";

const SCHEMA = "livestack.setup/1";

/** What the cache is made of, in the order of fetching; a kernel is named by its series. */
export const PARTS = Object.freeze([...KERNEL_SERIES, "qemu", "busybox"]);

/**
 * @typedef {object} Manifest
 * @property {typeof SCHEMA} schema
 * @property {Record<string, import("./kernels.js").KernelEntry>} kernels by series
 * @property {import("./qemu.js").QemuEntry} [qemu]
 * @property {import("./busybox.js").BusyboxEntry} [busybox]
 * @property {Record<string, string>} packages name -> version of all that is in the cache
 * @property {Record<string, { version: string, package: string }>} source kernel sources by series
 */

/** @returns {Manifest} */
export function emptyManifest() {
  return { schema: SCHEMA, kernels: {}, packages: {}, source: {} };
}

/**
 * @param {string} file
 * @returns {Promise<Manifest>} an empty one where there is none that can be used
 */
export async function readManifest(file) {
  try {
    const value = JSON.parse(await readFile(file, "utf8"));
    return isManifest(value) ? value : emptyManifest();
  } catch {
    // Absent or damaged is the same: the cache is filled again from what is there.
    return emptyManifest();
  }
}

/**
 * @param {any} value
 * @returns {value is Manifest}
 */
function isManifest(value) {
  const text = (/** @type {unknown} */ x) => typeof x === "string";
  const folder = (/** @type {any} */ x) => text(x?.version) && text(x.dir);
  if (value?.schema !== SCHEMA || !value.kernels || !value.packages || !value.source) return false;
  const kernels = Object.values(value.kernels);
  return (
    kernels.every((kernel) => folder(kernel) && text(kernel.release)) &&
    [value.qemu, value.busybox].every((part) => part === undefined || folder(part))
  );
}

/**
 * @param {string} file
 * @param {Manifest} manifest
 */
export async function writeManifest(file, manifest) {
  await writeWhole(file, `${JSON.stringify(manifest, undefined, 2)}\n`);
}

/**
 * @param {string} root of the cache
 * @param {Manifest} manifest
 * @returns {Promise<string[]>} those of PARTS that are to be fetched
 */
export async function missingParts(root, manifest) {
  /** @type {string[]} */
  const missing = [];
  for (const series of KERNEL_SERIES) {
    const entry = manifest.kernels[series];
    const whole = entry && (await kernelIsWhole(path.join(root, entry.dir), entry.release));
    if (!whole) missing.push(series);
  }
  const { qemu, busybox } = manifest;
  if (!qemu || !(await qemuIsWhole(path.join(root, qemu.dir)))) missing.push("qemu");
  if (!busybox || !(await busyboxIsWhole(path.join(root, busybox.dir)))) missing.push("busybox");
  return missing;
}
