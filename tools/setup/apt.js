// SPDX-License-Identifier: Apache-2.0
// Finding and downloading Debian packages with the configuration of apt-config.js.
import { mkdir, rename, rm, stat } from "node:fs/promises";
import path from "node:path";
import { SetupError } from "./errors.js";
import { gist, must, run } from "./run.js";

/** @typedef {import("./apt-config.js").AptFolder} AptFolder */

/**
 * A package at an exact version.
 * @typedef {{ name: string, version: string }} Pin
 */

/**
 * @typedef {object} Archive
 * @property {string} file name of the .deb file
 * @property {number} bytes
 */

/** Dead mirrors answer slowly or in part; each next attempt starts from what is there. */
const TRY_AGAIN = "check the network and run the set-up again";

/**
 * Reads the archives' indexes, signatures checked as apt does.
 * @param {AptFolder} apt
 * @throws {SetupError} NO_NETWORK, ARCHIVE_UNREADABLE, NO_BACKPORTS or NO_SECURITY
 */
export async function updateIndexes(apt) {
  const { stdout, stderr } = await run("apt-get", ["update", "-q"], { env: apt.env });
  // Not the status: a third party's archive that cannot be read is nothing to us.
  const have = await readableSuites(apt);
  const output = stdout + stderr;
  if (!have.has(apt.codename)) throw unreadable(output);
  if (!have.has(`${apt.codename}-backports`)) {
    throw new SetupError(
      "NO_BACKPORTS",
      `The machine's mirror offers no readable ${apt.codename}-backports (${gist(output)})`,
      `add a source for ${apt.codename}-backports to the machine's apt sources`,
    );
  }
  if (apt.security && !have.has(`${apt.codename}-security`)) throw unreadable(output);
}

/**
 * @param {AptFolder} apt
 * @returns {Promise<Set<string>>}
 */
async function readableSuites(apt) {
  const args = ["indextargets", "--format", "$(RELEASE)", "Identifier: Packages"];
  const { stdout } = await run("apt-get", args, { env: apt.env });
  return new Set(stdout.split("\n").filter((line) => line !== ""));
}

/**
 * @param {string} output of apt-get update
 * @returns {SetupError}
 */
export function unreadable(output) {
  const offline =
    /.*(Temporary failure resolving|Could not (resolve|connect)|Unable to connect|unreachable|timed out).*/i;
  const reason = offline.exec(output)?.[0].trim();
  const said = gist(output);
  return reason !== undefined
    ? new SetupError(
        "NO_NETWORK",
        `Debian's archive cannot be reached (${reason})`,
        "connect this machine to the network, or correct the address or proxy in its apt sources",
      )
    : new SetupError(
        "ARCHIVE_UNREADABLE",
        `apt cannot use Debian's archive (${said})`,
        "make 'apt-get update' succeed on this machine",
      );
}

/**
 * @param {AptFolder} apt
 * @param {string} name
 * @returns {Promise<string[]>} versions on offer, newest first
 */
export async function versionsOf(apt, name) {
  const { stdout } = await run("apt-cache", ["madison", name], { env: apt.env });
  return parseMadison(stdout, name);
}

/**
 * @param {string} text output of `apt-cache madison`
 * @param {string} name
 * @returns {string[]}
 */
export function parseMadison(text, name) {
  const rows = text.split("\n").map((line) => line.split("|").map((cell) => cell.trim()));
  const versions = rows.flatMap(([pkg, version, where]) =>
    pkg === name && version !== undefined && where?.endsWith("Packages") ? [version] : [],
  );
  return [...new Set(versions)];
}

/**
 * @param {AptFolder} apt
 * @param {Pin} pin
 * @returns {Promise<string[]>} names in its Depends field
 */
export async function dependenciesOf(apt, pin) {
  const text = await must(
    `Looking up ${pin.name}`,
    TRY_AGAIN,
    "apt-cache",
    ["show", `${pin.name}=${pin.version}`],
    { env: apt.env },
  );
  const field = /^Depends: (.*)$/m.exec(text)?.[1] ?? "";
  return field.split(/[,|]/).flatMap((part) => /^\s*([a-z0-9][a-z0-9+.-]*)/.exec(part)?.[1] ?? []);
}

/**
 * Everything these packages need on a machine that has nothing.
 * @param {AptFolder} apt
 * @param {readonly string[]} names
 * @returns {Promise<Pin[]>}
 */
export async function closureOf(apt, names) {
  const target = `${apt.codename}-backports`;
  const text = await must(
    `Resolving what ${names.join(" and ")} need`,
    TRY_AGAIN,
    "apt-get",
    ["install", "--simulate", "-y", "-q", "-t", target, ...names],
    { env: apt.env },
  );
  return parseSimulation(text);
}

/**
 * @param {string} text output of `apt-get --simulate install`
 * @returns {Pin[]}
 */
export function parseSimulation(text) {
  return [...text.matchAll(/^Inst (\S+) (?:\[\S+\] )?\((\S+) /gm)].map(
    ([, name = "", version = ""]) => ({ name, version }),
  );
}

/**
 * @param {string} text output of `apt-get download --print-uris`
 * @returns {Archive[]}
 */
export function parseUris(text) {
  return [...text.matchAll(/^'[^']*' (\S+\.deb) (\d+)/gm)].map(([, file = "", bytes = "0"]) => ({
    file,
    bytes: Number(bytes),
  }));
}

/**
 * Brings packages into the archives folder; those already there are not fetched again.
 * @param {AptFolder} apt
 * @param {readonly Pin[]} pins
 * @param {{ say: (line: string) => void, what: string, lockFd?: number | undefined }} options
 * @returns {Promise<string[]>} paths of the .deb files
 */
export async function download(apt, pins, options) {
  const archives = path.join(apt.dir, "archives");
  const partial = path.join(archives, "partial");
  await mkdir(partial, { recursive: true });
  const specs = pins.map((pin) => `${pin.name}=${pin.version}`);
  const what = `Downloading ${options.what}`;
  const env = apt.env;
  const uris = await must(what, TRY_AGAIN, "apt-get", ["download", "--print-uris", ...specs], {
    env,
    cwd: partial,
  });
  const wanted = parseUris(uris);
  const missing = await filterAsync(wanted, (archive) => isAbsent(archives, archive));
  if (missing.length > 0) {
    const bytes = missing.reduce((sum, archive) => sum + archive.bytes, 0);
    const count = missing.length === 1 ? "" : `${missing.length} packages, `;
    options.say(`${what}: ${count}${Math.ceil(bytes / 1e6)} MB.`);
    const files = new Set(missing.map((archive) => archive.file));
    const needed = specs.filter((_, index) => files.has(archiveName(pins[index], wanted)));
    // apt-get checks size and hash against the signed indexes, then ends with 0; only then do the
    // files get their place, so whatever is in the archives folder is whole.
    await must(what, TRY_AGAIN, "apt-get", ["download", "-q", ...needed], {
      env,
      cwd: partial,
      lockFd: options.lockFd,
    });
    for (const { file } of missing) {
      await rename(path.join(partial, file), path.join(archives, file));
    }
  }
  await rm(partial, { recursive: true });
  return wanted.map(({ file }) => path.join(archives, file));
}

/**
 * @param {Pin | undefined} pin
 * @param {readonly Archive[]} archives
 * @returns {string} the file among `archives` that holds `pin`, or ""
 */
function archiveName(pin, archives) {
  const start = `${pin?.name}_${pin?.version.replaceAll(":", "%3a")}_`;
  return archives.find(({ file }) => file.startsWith(start))?.file ?? "";
}

/**
 * @param {string} folder
 * @param {Archive} archive
 */
async function isAbsent(folder, archive) {
  const found = await stat(path.join(folder, archive.file)).catch(() => undefined);
  return found?.size !== archive.bytes;
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => Promise<boolean>} test
 * @returns {Promise<T[]>}
 */
async function filterAsync(items, test) {
  const keep = await Promise.all(items.map(test));
  return items.filter((_, index) => keep[index]);
}
