// SPDX-License-Identifier: Apache-2.0
// An apt configuration of our own, so that the machine's sources and state are never changed.
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { SetupError, systemCode } from "./errors.js";
import { run } from "./run.js";
import { deriveSources, parseDeb822, parseOneLine, renderSource } from "./sources.js";

/**
 * @typedef {object} AptFolder
 * @property {string} dir
 * @property {Record<string, string | undefined>} env for every apt command run on this folder
 * @property {string} codename the release, e.g. "bookworm"
 * @property {boolean} security whether the machine's sources name the security archive
 */

/**
 * Writes apt.conf and sources.list into `dir` (created as needed), from the machine's own.
 * Paths in them are absolute, so this is done again before each use: the cache may have moved.
 * @param {string} dir
 * @param {import("./host.js").Host} host
 * @param {string} codename
 * @returns {Promise<AptFolder>}
 */
export async function writeAptFolder(dir, host, codename) {
  const { sources, security } = deriveSources(await machineSources(host.aptDir), codename);
  if (sources.length === 0) throw noSources(host.aptDir, codename);
  for (const sub of ["lists/partial", "archives/partial", "keys", "cache"]) {
    await mkdir(path.join(dir, sub), { recursive: true });
  }
  /** @type {string[]} */
  const keys = [];
  const lines = sources.map((source) =>
    renderSource(source, (key) => {
      if (!keys.includes(key)) keys.push(key);
      return path.join(dir, "keys", `${keys.indexOf(key)}.asc`);
    }),
  );
  for (const [index, key] of keys.entries()) {
    await writeFile(path.join(dir, "keys", `${index}.asc`), `${key.trim()}\n`);
  }
  await writeFile(path.join(dir, "sources.list"), `${lines.join("\n")}\n`);
  // An empty package status: closures are resolved as if nothing were installed.
  await writeFile(path.join(dir, "status"), "");
  const config = path.join(dir, "apt.conf");
  // Owner only, because a proxy's password may be in it.
  await writeFile(config, renderConfig(dir, await machineAcquire(host)), { mode: 0o600 });
  await chmod(config, 0o600);
  return { dir, env: { ...host.env, APT_CONFIG: config, LC_ALL: "C" }, codename, security };
}

/**
 * @param {string} aptDir the machine's /etc/apt
 * @returns {Promise<import("./sources.js").Source[]>}
 */
export async function machineSources(aptDir) {
  const parts = path.join(aptDir, "sources.list.d");
  const names = await readdir(parts).catch(() => []);
  const files = [
    path.join(aptDir, "sources.list"),
    ...names.sort().map((n) => path.join(parts, n)),
  ];
  /** @type {import("./sources.js").Source[]} */
  const sources = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    const text = await readFile(file, "utf8").catch((error) => {
      if (systemCode(error) === "ENOENT") return "";
      throw new SetupError(
        "SOURCES_UNREADABLE",
        `apt's source file ${file} cannot be read (${error.message})`,
        `make it readable, as apt expects: chmod a+r ${file}`,
        { cause: error },
      );
    });
    sources.push(...(file.endsWith(".list") ? parseOneLine(text) : parseDeb822(text)));
  }
  return sources;
}

/**
 * How the machine reaches archives: proxies, certificates, checks of dates.
 * @param {import("./host.js").Host} host
 * @returns {Promise<string[]>} lines of apt.conf(5)
 */
async function machineAcquire(host) {
  const dump = await run("apt-config", ["dump", "Acquire"], { env: { ...host.env, LC_ALL: "C" } });
  const foreign = /^Acquire::(IndexTargets|Languages|Changelogs|cdrom|GzipIndexes)\b/;
  return dump.stdout
    .split("\n")
    .filter(
      (line) => line.startsWith("Acquire::") && !line.endsWith(' "";') && !foreign.test(line),
    );
}

/**
 * @param {string} dir
 * @param {readonly string[]} acquire
 * @returns {string}
 */
function renderConfig(dir, acquire) {
  const settings = {
    "Dir::Etc::Main": "/dev/null",
    "Dir::Etc::Parts": "/dev/null",
    "Dir::Etc::SourceList": path.join(dir, "sources.list"),
    "Dir::Etc::SourceParts": "/dev/null",
    "Dir::Etc::Preferences": "/dev/null",
    "Dir::Etc::PreferencesParts": "/dev/null",
    "Dir::State": dir,
    "Dir::State::Lists": path.join(dir, "lists"),
    "Dir::State::Status": path.join(dir, "status"),
    "Dir::Cache": path.join(dir, "cache"),
    "Dir::Cache::Archives": path.join(dir, "archives"),
    "Dir::Log": path.join(dir, "cache"),
    "APT::Architecture": "amd64",
    "APT::Install-Recommends": "false",
    // The cache is in a home folder that apt's own unprivileged user cannot enter.
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
    "Acquire::GzipIndexes": "true",
    "Acquire::Retries": "2",
    "Acquire::http::Timeout": "30",
    "Acquire::https::Timeout": "30",
  };
  const own = Object.entries(settings).map(([name, value]) => `${name} "${value}";`);
  // The machine's come later: what it says about retries and timeouts wins.
  return `${[...own, 'APT::Architectures { "amd64"; };', ...acquire].join("\n")}\n`;
}

/**
 * @param {string} aptDir
 * @param {string} codename
 */
function noSources(aptDir, codename) {
  return new SetupError(
    "NO_SOURCES",
    `No source in ${aptDir} names the suite ${codename} with its component main`,
    `add Debian's archive for ${codename} to the machine's apt sources`,
  );
}
