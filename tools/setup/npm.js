// SPDX-License-Identifier: Apache-2.0
import { createHash } from "node:crypto";
import { access, readFile } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "./files.js";
import { gist, must, run } from "./run.js";

/** @typedef {import("./host.js").Host} Host */

const LOCK = "package-lock.json";
const STAMP = path.join("node_modules", ".livestack-lock-hash");

/**
 * @param {Host} host
 * @returns {Promise<boolean>} whether node_modules is what package-lock.json says
 */
export async function npmIsFresh(host) {
  const stamp = await readFile(path.join(host.checkout, STAMP), "utf8").catch(() => "");
  return stamp !== "" && stamp.trim() === (await lockHash(host));
}

/**
 * Native code is built for one Node ABI, so the stamp names it, too.
 * @param {Host} host
 * @returns {Promise<string>}
 */
async function lockHash(host) {
  const lock = await readFile(path.join(host.checkout, LOCK)).catch(() => "");
  return `${createHash("sha256").update(lock).digest("hex")} abi-${process.versions.modules}`;
}

/**
 * @param {Host} host
 * @param {{ offline: boolean, logFile: string, lockFd: number }} options
 */
export async function installNpm(host, options) {
  const hash = await lockHash(host);
  // npm's own limit of five minutes for each try would look like a hang.
  const args = [
    "ci",
    "--fetch-timeout=60000",
    "--no-audit",
    "--no-fund",
    "--include=dev",
    ...(options.offline ? ["--offline"] : []),
  ];
  const hint = `make 'npm ci' work in ${host.checkout}`;
  await must("Installing npm packages", hint, "npm", args, {
    cwd: host.checkout,
    env: host.env,
    logFile: options.logFile,
  });
  // npm ci begins by deleting node_modules, so a stamp always stands for a finished one.
  await writeWhole(path.join(host.checkout, STAMP), `${hash}\n`);
}

/**
 * @param {Host} host
 * @returns {Promise<string>} what npm says when its registry cannot be reached, else ""
 */
export async function registryTrouble(host) {
  const args = ["ping", "--fetch-retries=0", "--fetch-timeout=15000"];
  const ping = await run("npm", args, { cwd: host.checkout, env: host.env });
  return ping.status === 0 ? "" : pingTrouble(ping.stderr);
}

/**
 * @param {string} text what a failed `npm ping` says
 * @returns {string} "" where the registry did answer: private ones need not know ping
 */
export function pingTrouble(text) {
  const code = /^npm (?:ERR!|error) code (\S+)/m.exec(text)?.[1] ?? gist(text);
  return /^E\d{3}$/.test(code) ? "" : code || "npm ping fails";
}

/**
 * @param {Host} host
 * @returns {Promise<boolean>} whether npm's own cache holds all that package-lock.json names
 */
export async function npmCacheIsFull(host) {
  const { stdout } = await run("npm", ["config", "get", "cache"], {
    cwd: host.checkout,
    env: host.env,
  });
  const lock = await readFile(path.join(host.checkout, LOCK), "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  if (lock === undefined) return false;
  const content = path.join(stdout.trim(), "_cacache", "content-v2");
  for (const integrity of neededIntegrities(lock, process.platform, process.arch)) {
    if (
      !(await access(contentPath(content, integrity)).then(
        () => true,
        () => false,
      ))
    )
      return false;
  }
  return true;
}

/**
 * @typedef {object} LockedPackage
 * @property {string} [integrity]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 */

/**
 * @param {{ packages?: Record<string, LockedPackage> }} lock
 * @param {string} platform
 * @param {string} cpu
 * @returns {string[]} of the packages npm installs on this platform
 */
export function neededIntegrities(lock, platform, cpu) {
  const fits = (/** @type {string[] | undefined} */ list, /** @type {string} */ own) =>
    list === undefined || list.includes(own) || list.some((x) => x[0] === "!" && x !== `!${own}`);
  return Object.values(lock.packages ?? {}).flatMap((entry) =>
    entry.integrity !== undefined && fits(entry.os, platform) && fits(entry.cpu, cpu)
      ? [entry.integrity]
      : [],
  );
}

/**
 * @param {string} content folder of npm's content-addressed store
 * @param {string} integrity "sha512-BASE64"
 * @returns {string}
 */
export function contentPath(content, integrity) {
  const [first = ""] = integrity.split(" ");
  const dash = first.indexOf("-");
  const hex = Buffer.from(first.slice(dash + 1), "base64").toString("hex");
  return path.join(content, first.slice(0, dash), hex.slice(0, 2), hex.slice(2, 4), hex.slice(4));
}
