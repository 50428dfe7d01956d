// SPDX-License-Identifier: Apache-2.0
// What somebody who takes over a run has to know of it, beside what its agent keeps; in the session's
// runtime folder, for no other eyes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { RuntimeFolder } from "../host/session-state.js";
import { writeAtomically } from "../host/write-atomically.js";
import type { Scenario } from "../scenario/scenario.js";

export interface KeptRun {
  scenario: Scenario;
  warnings: readonly string[];
  disks: readonly string[];
  keepDisks: boolean;
  /** Date.now() at simulated time 0 */
  beganMs: number;
}

export function keepRun(runtime: RuntimeFolder, kept: KeptRun): void {
  const tagged = (_: string, value: unknown) =>
    typeof value === "bigint" ? { bigint: String(value) } : value;
  writeAtomically(fileIn(runtime), JSON.stringify(kept, tagged));
}

export function keptRun(runtime: RuntimeFolder): KeptRun {
  return JSON.parse(readFileSync(fileIn(runtime), "utf8"), (_, value: unknown) => {
    const { bigint } = (value ?? {}) as { bigint?: unknown };
    return typeof bigint === "string" ? BigInt(bigint) : value;
  }) as KeptRun;
}

function fileIn(runtime: RuntimeFolder): string {
  return join(runtime.path, "run.json");
}
