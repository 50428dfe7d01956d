// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { LabSpec } from "./machine.js";
import { labDir, stateDir } from "./paths.js";
import { isAlive, type ProcessId } from "./process.js";

export type HostPhase = "booting" | "up" | "gone";

export interface HostState {
  name: string;
  index: number;
  address: string;
  phase: HostPhase;
  /** why it is gone */
  reason?: string;
  /** wall time from QEMU's start until the agent took commands */
  bootMs?: number;
}

/** state.json in a lab's folder; only the supervisor writes it. */
export interface LabState {
  spec: LabSpec;
  supervisor: ProcessId;
  /** everything to be ended should the supervisor have been killed */
  children: ProcessId[];
  hosts: HostState[];
}

const FILE = "state.json";
/** What the supervisor and its children print. */
export const LOG_FILE = "supervisor.log";

export function writeState(dir: string, state: LabState): void {
  const path = join(dir, FILE);
  writeFileSync(`${path}.new`, JSON.stringify(state));
  renameSync(`${path}.new`, path);
}

export function readState(name: string): LabState | undefined {
  try {
    return JSON.parse(readFileSync(join(labDir(name), FILE), "utf8")) as LabState;
  } catch {
    return undefined;
  }
}

/** All labs of this user; hosts of one whose supervisor was killed count as gone. */
export function listLabs(): LabState[] {
  return readdirSync(stateDir())
    .sort()
    .map((name) => readState(name))
    .filter((state) => state !== undefined)
    .map((state) => (isAlive(state.supervisor) ? state : withoutSupervisor(state)));
}

function withoutSupervisor(state: LabState): LabState {
  const reason = `the lab's supervisor was killed; end it with: lab down ${state.spec.name}`;
  return { ...state, hosts: state.hosts.map((host) => ({ ...host, phase: "gone", reason })) };
}

export function findHost(hostName: string): { lab: LabState; host: HostState } | undefined {
  for (const lab of listLabs())
    for (const host of lab.hosts) if (host.name === hostName) return { lab, host };
  return undefined;
}

/** The end of that log on lines of its own: sudo's refusal, a QEMU that lacks something. */
export function lastWords(dir: string): string {
  const path = join(dir, LOG_FILE);
  const words = existsSync(path) ? readFileSync(path, "utf8").trim() : "";
  return words ? `\n${words.split("\n").slice(-10).join("\n")}` : "";
}
