// SPDX-License-Identifier: Apache-2.0
// A process is its pid and when it was started: pids are used again.
import { readFileSync } from "node:fs";
import { codeOf } from "../code-of.js";

export interface ProcessIdentity {
  pid: number;
  /** field 22 of /proc/PID/stat */
  startTicks: bigint;
}

/** @returns undefined when there is no such process, or only what is left of one until it is reaped */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const stat = statOf(pid);
  if (stat === undefined) return undefined;
  // The name, in parentheses, may hold anything; fields are counted from its end. State is the 3rd.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "", startTicks = ""] = [fields[0], fields[22 - 3]];
  return /^[ZX]$/.test(state) ? undefined : { pid, startTicks: BigInt(startTicks) };
}

export function isAlive({ pid, startTicks }: ProcessIdentity): boolean {
  return identityOf(pid)?.startTicks === startTicks;
}

/** Ends it, unless its pid is another's by now. */
export function killProcess(identity: ProcessIdentity, signal: NodeJS.Signals): void {
  if (!isAlive(identity)) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (codeOf(error) !== "ESRCH") throw error;
  }
}

function statOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch (error) {
    // ESRCH: it went between open and read.
    if (codeOf(error) === "ENOENT" || codeOf(error) === "ESRCH") return undefined;
    throw error;
  }
}
