// SPDX-License-Identifier: Apache-2.0
import { mkdir } from "node:fs/promises";
import { download, updateIndexes, versionsOf } from "./apt.js";
import { writeAptFolder } from "./apt-config.js";
import { NotReadyError, SetupError } from "./errors.js";
import { realHost } from "./host.js";
import { withLock } from "./lock.js";
import { readManifest, writeManifest } from "./manifest.js";
import { cacheLayout, cacheRoot } from "./paths.js";
import { checkPlatform } from "./preflight.js";

/** @typedef {import("./apt.js").Pin} Pin */
/** @typedef {import("./apt-config.js").AptFolder} AptFolder */
/** @typedef {import("./manifest.js").Manifest} Manifest */

/**
 * Downloads one Debian package into the cache, from the archives the lab's kernels come from, and
 * records its version. A kernel's source comes in the version of the lab's kernel of that series.
 * Without network when it is already there.
 * @param {string} name
 * @param {import("./host.js").Host} [host]
 * @returns {Promise<string>} path of the .deb file
 */
export async function fetchPackage(name, host = realHost()) {
  const { codename, problems } = await checkPlatform(host);
  if (problems.length > 0) throw new NotReadyError(problems);
  const cache = cacheLayout(cacheRoot(host.env, host.home));
  await mkdir(cache.root, { recursive: true, mode: 0o755 });
  return withLock(cache.lock, host.say, async (lockFd) => {
    const manifest = await readManifest(cache.manifest);
    const apt = await writeAptFolder(cache.apt, host, codename);
    const { pin, file } = await obtain(apt, name, manifest, { say: host.say, lockFd });
    manifest.packages[pin.name] = pin.version;
    const series = /^linux-source-(\d+\.\d+)$/.exec(name)?.[1];
    if (series !== undefined) manifest.source[series] = { version: pin.version, package: name };
    await writeManifest(cache.manifest, manifest);
    return file;
  });
}

/**
 * Tries the indexes at hand first: they may be all there is, and they fit the lab's kernels.
 * @param {AptFolder} apt
 * @param {string} name
 * @param {Manifest} manifest
 * @param {{ say: (line: string) => void, lockFd: number }} how
 * @returns {Promise<{ pin: Pin, file: string }>}
 */
async function obtain(apt, name, manifest, how) {
  try {
    return await obtainOnce(apt, name, manifest, how);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    await updateIndexes(apt).catch((trouble) => {
      const offline = trouble instanceof SetupError && trouble.code === "NO_NETWORK";
      throw offline ? new NotReadyError([trouble.sentence]) : trouble;
    });
    return await obtainOnce(apt, name, manifest, how);
  }
}

/**
 * @param {AptFolder} apt
 * @param {string} name
 * @param {Manifest} manifest
 * @param {{ say: (line: string) => void, lockFd: number }} how
 */
async function obtainOnce(apt, name, manifest, how) {
  const pin = choose(name, await versionsOf(apt, name), manifest);
  const [file] = await download(apt, [pin], { ...how, what: `${name} ${pin.version}` });
  if (file !== undefined) return { pin, file };
  throw new SetupError("NOT_FETCHED", `apt-get names no file of ${name}`, "run this again");
}

/**
 * @param {string} name
 * @param {readonly string[]} versions newest first
 * @param {Manifest} manifest
 * @returns {Pin}
 */
export function choose(name, versions, manifest) {
  const series = /^linux-source-(\d+\.\d+)$/.exec(name)?.[1] ?? "";
  const own = manifest.kernels[series]?.version ?? "";
  const version = versions.includes(own) ? own : versions[0];
  if (version !== undefined) return { name, version };
  throw new SetupError(
    "NO_SUCH_PACKAGE",
    `The machine's Debian archive offers no package ${name}`,
    "check the name, and the machine's apt sources",
  );
}
