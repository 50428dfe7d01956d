// SPDX-License-Identifier: Apache-2.0
import { EXIT } from "./errors.js";

export const HELP = `Usage: node tools/setup [OPTION]...

Makes a Debian 12 machine ready for LiveStack's demo and tests: installs the Debian packages that
are missing (the only step that changes the machine), the npm packages of this checkout, and fills
the cache with the lab's kernels and its QEMU. Does nothing, without network, when all is there.

  --no-npm         leave node_modules alone
  --update         look for newer versions of kernels, QEMU and busybox
  --fetch PACKAGE  download one Debian package into the cache and print the path of its file
  --help           print this text

The cache is \${XDG_CACHE_HOME:-~/.cache}/livestack; setup.json in it names every exact version.

Exit status:
  ${EXIT.ok}  everything is in place
  ${EXIT.failed}  a step failed; what was done before it stays valid, run the set-up again
  ${EXIT.usage}  wrong option
  ${EXIT.missing}  this machine lacks something, each named by a sentence; nothing was changed
`;

/**
 * @typedef {object} Options
 * @property {boolean} help
 * @property {boolean} npm
 * @property {boolean} update
 * @property {string | undefined} fetch
 */

/**
 * @param {readonly string[]} args
 * @returns {Options | string} a sentence when they are wrong
 */
export function parseOptions(args) {
  /** @type {Options} */
  const options = { help: false, npm: true, update: false, fetch: undefined };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--help" || arg === "-h") options.help = true;
    else if (arg === "--no-npm") options.npm = false;
    else if (arg === "--update") options.update = true;
    else if (arg === "--fetch" || arg.startsWith("--fetch=")) {
      const name = arg === "--fetch" ? args[++i] : arg.slice("--fetch=".length);
      if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name ?? "")) {
        return `--fetch needs the name of a Debian package, not ${JSON.stringify(name ?? "")}`;
      }
      options.fetch = name;
    } else return `Unknown option ${JSON.stringify(arg)}`;
  }
  return options;
}
