// SPDX-License-Identifier: Apache-2.0
import {
  CannotTell,
  type Check,
  type CheckGroup,
  type Finding,
  type Outcome,
  warn,
} from "./check.js";
import { cpuChecks } from "./cpu-checks.js";
import { kvmChecks } from "./kvm-checks.js";
import type { Machine } from "./machine.js";
import { memoryChecks } from "./memory-checks.js";
import { moduleChecks } from "./module-checks.js";
import { signingChecks } from "./signing-checks.js";
import { systemChecks } from "./system-checks.js";
import { tscChecks } from "./tsc-checks.js";

/** All checks in the order they are made and shown: what others rest on comes first. */
export const checkGroups: readonly CheckGroup[] = [
  systemChecks,
  moduleChecks,
  signingChecks,
  kvmChecks,
  tscChecks,
  cpuChecks,
  memoryChecks,
];

export interface CheckResult extends Finding {
  /** GROUP.NAME */
  id: string;
  group: string;
}

/** What `livestack doctor -o json` prints; additions keep the number. */
export interface Report {
  schema: "livestack.doctor/1";
  checks: CheckResult[];
  summary: { pass: number; warn: number; fail: number };
}

/** Puts all questions to the machine, one after the other; changes nothing on it. */
export async function examine(machine: Machine, { deep }: { deep: boolean }): Promise<Report> {
  const checks: CheckResult[] = [];
  for (const group of checkGroups)
    for (const check of group.checks) {
      if (check.deep && !deep) continue;
      const id = `${group.name}.${check.name}`;
      checks.push({ id, group: group.name, ...(await find(check, machine)) });
    }
  const count = (outcome: Outcome) => checks.filter((check) => check.outcome === outcome).length;
  const summary = { pass: count("PASS"), warn: count("WARN"), fail: count("FAIL") };
  return { schema: "livestack.doctor/1", checks, summary };
}

async function find(check: Check, machine: Machine): Promise<Finding> {
  try {
    return await check.run(machine);
  } catch (error) {
    if (error instanceof CannotTell) return warn(`cannot tell: ${error.message}`, error.remedy);
    if (error instanceof Error && "syscall" in error)
      return warn(`cannot tell: ${error.message}`, remedyOf(error));
    // Anything else is a defect of the check, not of the machine.
    throw error;
  }
}

function remedyOf(error: Error & { code?: unknown; path?: unknown }): string {
  if (error.code === "EACCES" || error.code === "EPERM")
    return "look as root: `sudo livestack doctor`.";
  return `see what is there: \`ls -ld ${error.path ?? "/"}\`.`;
}
