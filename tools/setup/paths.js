// SPDX-License-Identifier: Apache-2.0
import path from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {object} CacheLayout
 * @property {string} root
 * @property {string} lock flock(1) lock; its text names the holder
 * @property {string} manifest
 * @property {string} apt own apt configuration and state
 * @property {string} archives downloaded .deb files
 * @property {string} log output of the last apt-get or npm that changed something
 */

/** The checkout this file belongs to. */
export const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/**
 * The XDG rule: a relative XDG_CACHE_HOME is invalid and ignored.
 * @param {Record<string, string | undefined>} env
 * @param {string} home
 * @returns {string}
 */
export function cacheRoot(env, home) {
  const base = env.XDG_CACHE_HOME ?? "";
  return path.join(path.isAbsolute(base) ? base : path.join(home, ".cache"), "livestack");
}

/**
 * @param {string} root
 * @returns {CacheLayout}
 */
export function cacheLayout(root) {
  const apt = path.join(root, "apt");
  return {
    root,
    lock: path.join(root, "setup.lock"),
    manifest: path.join(root, "setup.json"),
    apt,
    archives: path.join(apt, "archives"),
    log: path.join(root, "setup.log"),
  };
}
