// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { down, stateDir } from "@livestack/lab";
import type { Command, Outcome } from "./mutants-judge.js";

const GRACE_MS = 10_000;
/** For output that is still in the pipes once the command has ended. */
const DRAIN_MS = 5_000;
const KEPT_CHARACTERS = 1 << 20;

let running: ChildProcess | undefined;
let interrupted = false;

/** Runs a command in a process group of its own, bounded in time; no lab of it is left. */
export async function runCommand(
  { argv, env, limitSeconds }: Command,
  place: { root: string; env: Record<string, string> },
): Promise<Outcome> {
  if (interrupted) throw new Error("interrupted");
  const [program = "", ...args] = argv;
  // Sooner than ours, so that tap itself reports a test that hangs as failed.
  const tapLimit = String(Math.ceil(limitSeconds * 0.9));
  const child = spawn(program === "node" ? process.execPath : program, args, {
    cwd: place.root,
    env: { ...process.env, TAP_TIMEOUT: tapLimit, ...place.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  running = child;
  let output = "";
  const take = (text: string) => {
    output = (output + text).slice(-KEPT_CHARACTERS);
  };
  child.stdout.setEncoding("utf8").on("data", take);
  child.stderr.setEncoding("utf8").on("data", take);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    killGroup(child, "SIGTERM");
  }, limitSeconds * 1000);
  const lastLimit = setTimeout(() => killGroup(child, "SIGKILL"), limitSeconds * 1000 + GRACE_MS);
  const closed = new Promise<void>((done) => child.once("close", () => done()));
  try {
    const status = await new Promise<number | NodeJS.Signals>((done, failed) => {
      child.once("error", failed);
      child.once("exit", (code, signal) => done(code ?? signal ?? 1));
    });
    // What it left behind would hold the pipes open for ever.
    killGroup(child, "SIGKILL");
    await Promise.race([closed, new Promise((done) => setTimeout(done, DRAIN_MS).unref())]);
    return { status: late ? undefined : status, output };
  } finally {
    clearTimeout(limit);
    clearTimeout(lastLimit);
    running = undefined;
    await endLabs(child.pid);
  }
}

/** For a run that is interrupted. */
export async function stopRunning(): Promise<void> {
  interrupted = true;
  const child = running;
  if (!child) return;
  killGroup(child, "SIGKILL");
  await endLabs(child.pid);
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // all of it has ended
  }
}

/** A test that was killed, or that ran a mutated lab, may have left its own (with-lab.ts's names). */
async function endLabs(pid: number | undefined): Promise<void> {
  if (pid === undefined) return;
  for (const name of readdirSync(stateDir())) if (name.startsWith(`t${pid}-`)) await down(name);
}
