// SPDX-License-Identifier: Apache-2.0
import { rmSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { fillCache } from "./cache.js";
import { installPackages, missingPackages } from "./debian.js";
import { NotReadyError } from "./errors.js";
import { withLock } from "./lock.js";
import { missingParts, PARTS, readManifest } from "./manifest.js";
import { installNpm, npmIsFresh } from "./npm.js";
import { cacheLayout, cacheRoot } from "./paths.js";
import { checkNeeds, checkPlatform, isDone } from "./preflight.js";
import { onStop } from "./stop.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {import("./preflight.js").Plan} Plan */
/** @typedef {import("./paths.js").CacheLayout} CacheLayout */
/** @typedef {import("./options.js").Options} Options */

/**
 * @param {Options} options
 * @param {Host} host
 * @throws {NotReadyError | import("./errors.js").SetupError}
 */
export async function setUp(options, host) {
  const platform = await checkPlatform(host);
  const cache = cacheLayout(cacheRoot(host.env, host.home));
  const plan = await makePlan(options, host, cache, platform.isDebian);
  /** @type {import("./preflight.js").Findings} */
  const needs = { problems: [...platform.problems], npmOffline: false, indexes: undefined };
  const removeIndexes = () => {
    if (needs.indexes !== undefined) rmSync(needs.indexes, { recursive: true, force: true });
  };
  const forget = onStop(removeIndexes);
  try {
    await checkNeeds(host, plan, cache.root, platform, needs);
    if (needs.problems.length > 0) throw new NotReadyError(needs.problems);
    if (isDone(plan)) return host.say("Set-up: everything is in place.");
    announce(host, plan, cache.root);
    await mkdir(cache.root, { recursive: true, mode: 0o755 });
    await withLock(cache.lock, host.say, (lockFd) =>
      carryOut(options, host, cache, {
        codename: platform.codename,
        lockFd,
        indexes: needs.indexes,
        offline: needs.npmOffline,
      }),
    );
    host.say("Set-up: done.");
  } finally {
    forget();
    removeIndexes();
  }
}

/**
 * @param {Options} options
 * @param {Host} host
 * @param {CacheLayout} cache
 * @param {boolean} isDebian elsewhere nobody knows about packages
 * @returns {Promise<Plan>}
 */
async function makePlan(options, host, cache, isDebian) {
  const [packages, missing, fresh] = await Promise.all([
    isDebian ? missingPackages(host) : [],
    readManifest(cache.manifest).then((manifest) => missingParts(cache.root, manifest)),
    npmIsFresh(host),
  ]);
  return { packages, parts: options.update ? [...PARTS] : missing, npm: options.npm && !fresh };
}

/**
 * @param {Host} host
 * @param {Plan} plan
 * @param {string} cache
 */
function announce(host, plan, cache) {
  host.say("Set-up will");
  if (plan.packages.length > 0) {
    const how = host.uid === 0 ? "as root" : "with sudo";
    host.say(`  - install these Debian packages, ${how}: ${plan.packages.join(", ")}`);
  }
  if (plan.parts.length > 0) {
    /** @type {Record<string, string>} */
    const names = { qemu: "QEMU 10", busybox: "busybox" };
    const parts = plan.parts.map((part) => names[part] ?? `kernel ${part}`);
    host.say(`  - fetch into ${cache}, without installing: ${parts.join(", ")}`);
  }
  if (plan.npm) host.say(`  - install the npm packages into ${host.checkout}/node_modules`);
}

/**
 * Plans again, because another set-up may have done the work while we waited for the lock.
 * @param {Options} options
 * @param {Host} host
 * @param {CacheLayout} cache
 * @param {{ codename: string, lockFd: number, indexes: string | undefined, offline: boolean }} how
 */
async function carryOut(options, host, cache, how) {
  const plan = await makePlan(options, host, cache, true);
  const log = { logFile: cache.log, lockFd: how.lockFd };
  if (plan.packages.length > 0) {
    host.say("Installing Debian packages.");
    await installPackages(host, plan.packages, log);
  }
  if (plan.parts.length > 0) await fillCache(host, cache, { ...how, update: options.update });
  if (plan.npm) {
    host.say("Installing npm packages.");
    await installNpm(host, { ...log, offline: how.offline });
  }
}
