// SPDX-License-Identifier: Apache-2.0
import os from "node:os";
import { CHECKOUT } from "./paths.js";

/**
 * The machine as set-up sees it; tests give another one.
 * @typedef {object} Host
 * @property {Record<string, string | undefined>} env
 * @property {string} home
 * @property {number} uid
 * @property {string} nodeVersion without "v"
 * @property {string} arch Node's name of it
 * @property {string} osRelease path of os-release(5)
 * @property {string} aptDir the machine's apt configuration
 * @property {string} checkout
 * @property {(line: string) => void} say progress and errors, on stderr: stdout may be TAP
 * @property {(line: string) => void} print results, on stdout
 */

/** @returns {Host} */
export function realHost() {
  return {
    env: process.env,
    home: os.homedir(),
    uid: process.getuid?.() ?? -1,
    nodeVersion: process.versions.node,
    arch: process.arch,
    osRelease: "/etc/os-release",
    aptDir: "/etc/apt",
    checkout: CHECKOUT,
    say: (line) => process.stderr.write(`${line}\n`),
    print: (line) => process.stdout.write(`${line}\n`),
  };
}
