// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { ExitStatus, LabError } from "./errors.js";

/** Runs a long program with its output on our standard error, so that ours stays parsable. */
export async function runVisibly(
  program: string,
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<void> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["ignore", process.stderr, process.stderr],
  });
  const status = await new Promise<number | NodeJS.Signals | null>((done, failed) => {
    child.once("error", failed);
    child.once("close", (code, signal) => done(code ?? signal));
  });
  if (status !== 0)
    throw new LabError(
      ExitStatus.FAILED,
      `${[program, ...args].join(" ")}: failed with status ${status}; its output is above`,
    );
}
