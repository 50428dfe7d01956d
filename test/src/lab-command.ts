// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { repoRoot } from "@livestack/lab";

export interface Outcome {
  status: number | NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

const LAB = join(repoRoot, "tools/lab/bin/lab.js");

/** Starts `lab ARGS...` as a user would; `prefix` runs it under another program. */
export function startLab(
  args: readonly string[],
  env: Record<string, string> = {},
  prefix: readonly string[] = [],
): ChildProcess {
  const [program = "", ...rest] = [...prefix, process.execPath, LAB, ...args];
  return spawn(program, rest, {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

export async function outcomeOf(child: ChildProcess): Promise<Outcome> {
  if (!child.stdout || !child.stderr) throw new Error("started without pipes");
  const [stdout, stderr, status] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<Outcome["status"]>((done) =>
      child.once("close", (code, signal) => done(code ?? signal)),
    ),
  ]);
  return { status, stdout, stderr };
}

/** Runs `lab ARGS...` to its end. */
export function lab(...args: string[]): Promise<Outcome> {
  return outcomeOf(startLab(args));
}
