// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { ExitStatus, FREE_SPACE, LabError } from "./errors.js";

export interface RunOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** bytes for standard input; none by default */
  input?: Buffer;
}

function lastLines(text: string, count: number): string {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

/**
 * Runs a program to its end and returns its standard output.
 * @throws LabError with the program's last words when it fails or is not there
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Buffer {
  const result = spawnSync(program, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    input: options.input,
    maxBuffer: 1 << 30,
    stdio: [options.input ? "pipe" : "ignore", "pipe", "pipe"],
  });
  if (result.error)
    throw new LabError(
      ExitStatus.MACHINE_NOT_READY,
      `${program}: ${result.error.message}`,
      "run `npm run setup` to install what the lab needs",
      result.error,
    );
  if (result.status !== 0) {
    const words = lastLines(result.stderr.toString() || result.stdout.toString(), 20);
    throw new LabError(
      ExitStatus.FAILED,
      `${[program, ...args].join(" ")}: failed with status ${result.status ?? result.signal}\n${words}`,
      words.includes("No space left on device") ? FREE_SPACE : undefined,
    );
  }
  return result.stdout;
}

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
