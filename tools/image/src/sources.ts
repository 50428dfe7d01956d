// SPDX-License-Identifier: Apache-2.0
// Where packages come from: always what this machine already uses, never an address of our own.

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.js";
import { capture } from "./run.js";

export interface AptSettings {
  /** Text of a sources.list. */
  sources: string;
  /** Text of an apt.conf: how to reach and check the archives (proxy, certificates, dates). */
  options: string;
}

/**
 * `aptDir` is the apt folder that tools/setup keeps in the cache. Its sources.list is used when it
 * is there; without it (this tool run alone) the machine's own sources are asked for.
 */
export async function readAptSettings(aptDir: string, release: string): Promise<AptSettings> {
  const list = path.join(aptDir, "sources.list");
  const sources = existsSync(list) ? await readFile(list, "utf8") : await machineSources(release);
  const conf = path.join(aptDir, "apt.conf");
  const env = existsSync(conf) ? { ...process.env, APT_CONFIG: conf } : process.env;
  return { sources, options: reachOptions(await capture(["apt-config", "dump"], { env })) };
}

/** Keeps what a fetch needs; folders, languages and index kinds of this machine are not the image's. */
export function reachOptions(dump: string): string {
  const kept =
    /^Acquire::(https?::|Check-Valid-Until|Check-Date|M(in|ax)-|Max-FutureTime|Retries|ForceIPv)/i;
  return dump
    .split("\n")
    .filter((line) => kept.test(line))
    .map((line) => `${line}\n`)
    .join("");
}

async function machineSources(release: string): Promise<string> {
  const format = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)";
  const targets = await capture([
    "apt-get",
    "indextargets",
    "--format",
    format,
    "Created-By: Packages",
  ]);
  const sources = debianSources(targets, release);
  if (sources !== "") return sources;
  throw new ImageError(
    "not-debian",
    `This machine's apt sources name no archive of Debian ${release}: add it to /etc/apt and run ` +
      "`apt-get update`.",
  );
}

/** Debian's own suites of `release` among lines of URI|SUITE|COMPONENT, as a sources.list. */
export function debianSources(targets: string, release: string): string {
  const suites = new Set([release, `${release}-updates`, `${release}-security`]);
  const lines = new Set<string>();
  let base = false;
  for (const target of targets.split("\n")) {
    const [uri, suite, component] = target.split("|");
    if (!uri || !suite || component !== "main" || !suites.has(suite)) continue;
    base ||= suite === release;
    lines.add(`deb ${uri} ${suite} main\n`);
  }
  return base ? [...lines].join("") : "";
}
