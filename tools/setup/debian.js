// SPDX-License-Identifier: Apache-2.0
// Debian packages installed on the machine, by its own apt.
import { readdir } from "node:fs/promises";
import { SetupError } from "./errors.js";
import { DEBIAN_PACKAGES } from "./packages.js";
import { gist, must, run } from "./run.js";

/** @typedef {import("./host.js").Host} Host */

/**
 * @param {Host} host
 * @returns {Promise<string[]>} names of packages that are not installed
 */
export async function missingPackages(host) {
  const names = DEBIAN_PACKAGES.map(([name]) => name);
  const format = `\${Package} \${db:Status-Status}\\n`;
  const { stdout } = await run("dpkg-query", ["--show", `--showformat=${format}`, ...names], {
    env: host.env,
  });
  return notInstalled(stdout, names);
}

/**
 * By dpkg's status: a file of the right name in PATH says nothing about headers and libraries.
 * @param {string} text "name status" lines; unknown packages have none
 * @param {readonly string[]} names
 * @returns {string[]}
 */
export function notInstalled(text, names) {
  const lines = new Set(text.split("\n"));
  return names.filter((name) => !lines.has(`${name} installed`));
}

/**
 * @param {Host} host
 * @param {readonly string[]} names
 * @param {{ logFile: string, lockFd: number }} options
 */
export async function installPackages(host, names, options) {
  const apt = asRoot(host, ["env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", "apt-get", "-q"]);
  const wait = ["-o", "DPkg::Lock::Timeout=300"];
  const update = await run(apt[0], [...apt.slice(1), ...wait, "update"], { env: host.env });
  const updates = await readdir("/var/lib/dpkg/updates").catch(() => []);
  if (updates.length > 0) {
    // A dpkg that was killed refuses everything else until this is done.
    const repair = asRoot(host, ["dpkg", "--configure", "-a"]);
    const hint = "run 'dpkg --configure -a' as root and look at what it says";
    await must("Completing an interrupted installation", hint, repair[0], repair.slice(1), {
      ...options,
      finish: true,
    });
  }
  // Of the machine's sources one that we do not need may be broken: only the installation decides.
  const said = update.status === 0 ? "" : `; 'apt-get update' said: ${gist(update.stderr)}`;
  const install = ["install", "-y", "--no-install-recommends", ...names];
  const hint = `make 'apt-get install ${names.join(" ")}' work on this machine${said}`;
  await must("Installing Debian packages", hint, apt[0], [...apt.slice(1), ...wait, ...install], {
    ...options,
    env: host.env,
    finish: true,
  });
  const still = await missingPackages(host);
  if (still.length === 0) return;
  throw new SetupError(
    "STILL_MISSING",
    `apt-get ended well and yet ${still.join(", ")} ${still.length > 1 ? "are" : "is"} not installed`,
    `see its output in ${options.logFile}`,
  );
}

/**
 * @param {Host} host
 * @returns {Promise<boolean>} whether we are root, or can become it without being asked anything
 */
export async function canBeRoot(host) {
  if (host.uid === 0) return true;
  const outcome = await run("sudo", ["-n", "true"], { env: host.env }).catch(() => undefined);
  return outcome?.status === 0;
}

/**
 * @param {Host} host
 * @param {[string, ...string[]]} command
 * @returns {[string, ...string[]]}
 */
function asRoot(host, command) {
  return host.uid === 0 ? command : ["sudo", "-n", ...command];
}
