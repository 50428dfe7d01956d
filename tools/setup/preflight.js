// SPDX-License-Identifier: Apache-2.0
// What a machine has to bring, looked at before anything is changed. All that is missing is told
// at once, one sentence each.
import { constants } from "node:fs";
import * as fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { updateIndexes } from "./apt.js";
import { writeAptFolder } from "./apt-config.js";
import { canBeRoot } from "./debian.js";
import { SetupError, systemCode } from "./errors.js";
import { npmCacheIsFull, registryTrouble } from "./npm.js";
import { run } from "./run.js";

/** @typedef {import("./host.js").Host} Host */

/**
 * What there is to do.
 * @typedef {object} Plan
 * @property {string[]} packages Debian packages to install
 * @property {string[]} parts of the cache to fetch
 * @property {boolean} npm
 */

/**
 * @typedef {object} Platform
 * @property {string} codename of the Debian release
 * @property {boolean} isDebian whether apt and dpkg can be asked
 * @property {string[]} problems sentences
 */

/**
 * @typedef {object} Findings
 * @property {string[]} problems sentences
 * @property {boolean} npmOffline npm's cache holds everything, and its registry does not answer
 * @property {string | undefined} indexes a temporary apt folder with fresh indexes; the caller's
 *   to delete
 */

const OLDEST_NODE = [20, 19];
const GB = 1e9;
const TEMPORARY = "livestack-setup-";

/**
 * @param {Host} host
 * @returns {Promise<Platform>}
 */
export async function checkPlatform(host) {
  /** @type {string[]} */
  const problems = [];
  const release = parseOsRelease(await fs.readFile(host.osRelease, "utf8").catch(() => ""));
  const isDebian = release.ID === "debian" && release.VERSION_ID === "12";
  if (!isDebian) {
    const name = release.PRETTY_NAME ?? `a system without ${host.osRelease}`;
    problems.push(`This machine runs ${name}, not Debian 12: use a machine with Debian 12.`);
  }
  if (host.arch !== "x64") {
    problems.push(
      `This machine's architecture is ${host.arch}, not amd64: use a 64-bit machine with an ` +
        "Intel or AMD processor.",
    );
  }
  if (!isNewEnough(host.nodeVersion)) {
    problems.push(
      `Node ${host.nodeVersion} is older than ${OLDEST_NODE.join(".")}: install a newer Node 20 ` +
        "or later and put it first in PATH.",
    );
  }
  return { codename: release.VERSION_CODENAME ?? "bookworm", isDebian, problems };
}

/**
 * @param {string} text os-release(5)
 * @returns {Record<string, string>}
 */
export function parseOsRelease(text) {
  const fields = [...text.matchAll(/^([A-Z_]+)=(["']?)(.*)\2$/gm)];
  return Object.fromEntries(fields.map(([, name, , value]) => [name, value]));
}

/**
 * @param {string} version
 * @returns {boolean}
 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [oldMajor = 0, oldMinor = 0] = OLDEST_NODE;
  return major > oldMajor || (major === oldMajor && minor >= oldMinor);
}

/**
 * @param {Host} host
 * @param {Plan} plan
 * @param {string} cache root of the cache
 * @param {Platform} platform
 * @param {Findings} findings added to as they are made: the caller cleans up also when we fail
 */
export async function checkNeeds(host, plan, cache, platform, findings) {
  const { problems } = findings;
  if (!(await canBeRoot(host))) problems.push(rootSentence(plan.packages));
  problems.push(...(await checkFolders(host, plan, cache)));
  problems.push(...(await checkSpace(host, plan, cache)));
  if (plan.npm) await checkNpm(host, findings);
  if (platform.isDebian && (plan.parts.length > 0 || plan.packages.length > 0)) {
    await checkArchive(host, platform.codename, findings);
  }
}

/** @param {Plan} plan */
export function isDone(plan) {
  return plan.packages.length === 0 && plan.parts.length === 0 && !plan.npm;
}

/** @param {readonly string[]} packages */
function rootSentence(packages) {
  const need =
    packages.length > 0
      ? `installing the Debian packages ${packages.join(", ")} and, later, sharing files with lab hosts need root`
      : "sharing files with lab hosts (virtiofsd) needs root";
  return (
    `You are not root and 'sudo -n true' fails, but ${need}: run this as root, or let your user ` +
    "run sudo without a password."
  );
}

/**
 * @param {Host} host
 * @param {Plan} plan
 * @param {string} cache
 * @returns {Promise<string[]>}
 */
async function checkFolders(host, plan, cache) {
  /** @type {string[]} */
  const problems = [];
  if (/[\s:]/.test(cache)) {
    problems.push(
      `The cache folder ${JSON.stringify(cache)} has a space or a colon in its name, with which ` +
        "kernel modules cannot be built: set XDG_CACHE_HOME to a folder without.",
    );
  }
  // The lock is in there, so this holds for whatever there is to do.
  if (!isDone(plan) && !(await isWritable(await nearest(cache)))) {
    problems.push(
      `The cache folder ${cache} cannot be written: change its owner to yours, or set ` +
        "XDG_CACHE_HOME to a folder of your own.",
    );
  }
  if (!plan.npm) return problems;
  if (!(await isWritable(host.checkout))) {
    problems.push(
      `The checkout ${host.checkout}, where node_modules goes, cannot be written: change its ` +
        "owner to yours.",
    );
  }
  if (
    (await fs.readFile(path.join(host.checkout, "package-lock.json"), "utf8").catch(() => "")) ===
    ""
  ) {
    problems.push(
      `${host.checkout} has no package-lock.json: it is not a whole checkout of LiveStack, clone ` +
        "it again.",
    );
  }
  return problems;
}

/**
 * @param {Host} host
 * @param {Plan} plan
 * @param {string} cache
 * @returns {Promise<string[]>}
 */
async function checkSpace(host, plan, cache) {
  // Node older than 18.15 has none; then there is a sentence about Node, and this one can wait.
  if (fs.statfs === undefined) return [];
  // Measured: each part of the cache takes 0.2 GB unpacked and less packed, apt's indexes 0.1 GB,
  // node_modules 0.5 GB, the Debian packages 0.6 GB. The lab's disk images take the rest.
  const cacheNeed = plan.parts.length === 0 ? 0 : plan.parts.length < 3 ? 1 * GB : 3 * GB;
  /** @type {Map<number, { bytes: number, folder: string }>} */
  const needs = new Map();
  for (const [folder, bytes] of /** @type {[string, number][]} */ ([
    [cache, cacheNeed],
    [host.checkout, plan.npm ? 1 * GB : 0],
    ["/usr", plan.packages.length > 0 ? 1 * GB : 0],
  ])) {
    const existing = await nearest(folder);
    const { dev } = await fs.stat(existing);
    const before = needs.get(dev)?.bytes ?? 0;
    needs.set(dev, { bytes: before + bytes, folder: existing });
  }
  /** @type {string[]} */
  const problems = [];
  for (const { bytes, folder } of needs.values()) {
    const { bavail, bsize } = await fs.statfs(folder);
    const free = bavail * bsize;
    if (free >= bytes) continue;
    problems.push(
      `The file system of ${folder} has ${(free / GB).toFixed(1)} GB free and set-up needs ` +
        `${(bytes / GB).toFixed(1)} GB there: free some, or set XDG_CACHE_HOME to a folder on a ` +
        "larger one.",
    );
  }
  return problems;
}

/**
 * @param {Host} host
 * @param {Findings} findings
 */
async function checkNpm(host, findings) {
  if ((await run("npm", ["--version"], { env: host.env }).catch(() => undefined)) === undefined) {
    findings.problems.push("The program npm is not in PATH: install npm beside Node.");
    return;
  }
  const trouble = await registryTrouble(host);
  if (trouble === "") return;
  findings.npmOffline = await npmCacheIsFull(host);
  if (findings.npmOffline) return;
  findings.problems.push(
    `npm's registry cannot be reached (${trouble}): connect this machine to the network, or ` +
      "correct npm's registry or proxy setting.",
  );
}

/**
 * Reads the indexes into a temporary folder: the only check of network, proxy, signatures and
 * suites that answers for all of them. The work goes on with these indexes.
 * @param {Host} host
 * @param {string} codename
 * @param {Findings} findings
 */
async function checkArchive(host, codename, findings) {
  const temporary = host.env.TMPDIR ?? os.tmpdir();
  try {
    await sweep(temporary);
    const name = path.join(temporary, `${TEMPORARY}${process.pid}-`);
    findings.indexes = await fs.mkdtemp(name);
    await updateIndexes(await writeAptFolder(findings.indexes, host, codename));
  } catch (error) {
    if (error instanceof SetupError) findings.problems.push(error.sentence);
    else if (error instanceof Error && systemCode(error) !== "") {
      findings.problems.push(
        `The folder for temporary files, ${temporary}, cannot be used (${error.message}): ` +
          "make it writable with 0.2 GB free, or set TMPDIR to another.",
      );
    } else throw error;
  }
}

/**
 * Removes what runs that were killed left behind. Whose pid is in use again is swept another time.
 * @param {string} temporary
 */
async function sweep(temporary) {
  for (const name of await fs.readdir(temporary)) {
    const pid = name.startsWith(TEMPORARY) ? Number.parseInt(name.slice(TEMPORARY.length), 10) : 0;
    if (!(pid > 0)) continue;
    const alive = await fs.access(`/proc/${pid}`).then(
      () => true,
      () => false,
    );
    // Another user's cannot be removed, and is not ours to.
    if (!alive) await fs.rm(path.join(temporary, name), { recursive: true }).catch(() => {});
  }
}

/**
 * @param {string} folder
 * @returns {Promise<string>} it, or the nearest above it that exists
 */
async function nearest(folder) {
  for (let dir = folder; ; dir = path.dirname(dir)) {
    const found = await fs.stat(dir).catch(() => undefined);
    if (found !== undefined || dir === path.dirname(dir)) return dir;
  }
}

/** @param {string} folder */
function isWritable(folder) {
  return fs.access(folder, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
}
