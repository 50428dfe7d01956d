// SPDX-License-Identifier: Apache-2.0
// Brings what a run has written on its hosts into the one run folder.
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { End } from "@livestack/netlink-client";
import type { ReadFileDone } from "@livestack/proto/agent";
import { indexOf } from "../capture/capture-link.js";
import { mergeCaptures } from "../capture/merge-captures.js";
import type { Scenario, ScenarioLink } from "../scenario/scenario.js";
import { RunFolder } from "./run-folder.js";

/** Below the folder that each host has for the session. */
export const THERE = new RunFolder(".");

export interface Hosts {
  hostOf: (component: number) => string;
  /** a piece of a file */
  read: (host: string, path: string, offset: bigint) => Promise<ReadFileDone>;
}

/** Logs of guests and models, and captures of links. @returns what is missing, a sentence each */
export async function gatherFiles(
  hosts: Hosts,
  { components, links }: Scenario,
  here: RunFolder,
): Promise<string[]> {
  for (const { id, name, kind } of components) {
    const logs = [
      THERE.processLog(name, kind),
      ...(kind === "live" ? [THERE.consoleLog(name)] : []),
    ];
    for (const log of logs) await fetchFile(hosts, hosts.hostOf(id), log, join(here.path, log));
  }
  const missing: string[] = [];
  for (const link of links)
    if (link.capture) missing.push(...(await fetchCapture(hosts, link, here.path)));
  return missing;
}

/** What arrives at an end is captured on that end's host. */
async function fetchCapture(
  hosts: Hosts,
  { a, b, name }: ScenarioLink,
  folder: string,
): Promise<string[]> {
  const file = THERE.capture(name);
  const whole = join(folder, file);
  const lacks = (host: string) => `${file}: there is none on ${host}`;
  const [hostA, hostB] = [hosts.hostOf(a), hosts.hostOf(b)];
  if (hostA === hostB) return (await fetchFile(hosts, hostA, file, whole)) ? [] : [lacks(hostA)];
  const parts: { file: string; interface: number }[] = [];
  const missing: string[] = [];
  for (const [end, host] of [
    [End.b, hostB],
    [End.a, hostA],
  ] as const) {
    const part = `${whole}.${host}`;
    if (await fetchFile(hosts, host, file, part))
      parts.push({ file: part, interface: indexOf(end) });
    else missing.push(lacks(host));
  }
  if (parts.length > 0) mergeCaptures(parts, whole);
  for (const part of parts) rmSync(part.file);
  return missing;
}

/** @returns whether there is one */
async function fetchFile(hosts: Hosts, host: string, path: string, to: string): Promise<boolean> {
  let file: number | undefined;
  try {
    for (let offset = 0n; ; ) {
      const piece = await hosts.read(host, path, offset);
      if (!piece.found) return false;
      if (file === undefined) {
        mkdirSync(dirname(to), { recursive: true });
        file = openSync(to, "w", 0o644);
      }
      writeSync(file, piece.data);
      offset += BigInt(piece.data.length);
      if (piece.end) return true;
    }
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
