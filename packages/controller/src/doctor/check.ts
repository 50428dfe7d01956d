// SPDX-License-Identifier: Apache-2.0
import type { Machine } from "./machine.js";

export type Outcome = "PASS" | "WARN" | "FAIL";

export interface Finding {
  outcome: Outcome;
  /** what was seen, with the numbers */
  fact: string;
  /** one sentence with the command to run; null if there is nothing to mend */
  remedy: string | null;
}

/** One question put to a machine. Its full id, `GROUP.NAME`, never changes its meaning. */
export interface Check {
  name: string;
  /** starts a process, so it is asked only with --deep */
  deep?: true;
  run(machine: Machine): Finding | Promise<Finding>;
}

export interface CheckGroup {
  name: string;
  checks: readonly Check[];
}

export function pass(fact: string): Finding {
  return { outcome: "PASS", fact, remedy: null };
}

export function warn(fact: string, remedy: string): Finding {
  return { outcome: "WARN", fact, remedy };
}

export function fail(fact: string, remedy: string): Finding {
  return { outcome: "FAIL", fact, remedy };
}

/** Thrown by a check whose question this machine does not answer: neither PASS nor FAIL is known. */
export class CannotTell extends Error {
  constructor(
    message: string,
    readonly remedy: string,
  ) {
    super(message);
    this.name = "CannotTell";
  }
}
