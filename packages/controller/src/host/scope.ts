// SPDX-License-Identifier: Apache-2.0
// Processes that outlive the program that starts them: VMMs and models go on when livestack is killed,
// and are found again by their session's state.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync } from "node:fs";
import { LivestackError } from "../livestack-error.js";
import { identityOf, isAlive, type ProcessIdentity } from "./process-identity.js";

const WATCH_MS = 200;

export interface ScopedCommand {
  /** of the systemd scope, where there is systemd */
  unit: string;
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  directory: string;
  /** both of its outputs are added to this file */
  log: string;
}

export interface ScopedProcess {
  identity: ProcessIdentity;
  /** settles when it has ended */
  ended: Promise<ProcessEnd>;
}

/** Exactly one is there; neither, of a process that this one did not start. */
export interface ProcessEnd {
  status?: number;
  signal?: string;
}

/**
 * Starts a command in a scope of its own (or a session of its own, without systemd): the terminal's
 * Ctrl-C does not reach it, and neither does the end of this process.
 * @throws LivestackError SYSTEM
 */
export async function startInScope(command: ScopedCommand): Promise<ScopedProcess> {
  const { argv, env, directory, log } = command;
  const [program = "", ...args] = hasSystemd() ? inScope(command) : argv;
  const output = openSync(log, "a", 0o640);
  try {
    const child = spawn(program, args, {
      cwd: directory,
      env,
      // setsid: no signal of the terminal.
      detached: true,
      stdio: ["ignore", output, output],
    });
    const ended = endOf(child);
    const pid = await pidOf(child, argv[0] ?? "");
    child.unref();
    const identity = identityOf(pid);
    // It ended before we could look: nobody is to take another process for it.
    return { identity: identity ?? { pid, startTicks: 0n }, ended };
  } finally {
    closeSync(output);
  }
}

/** One that an earlier livestack has started. Nobody tells us of its end. */
export function adoptProcess(identity: ProcessIdentity): ScopedProcess {
  return { identity, ended: goneOf(identity) };
}

async function goneOf(identity: ProcessIdentity): Promise<ProcessEnd> {
  while (isAlive(identity)) await new Promise((done) => setTimeout(done, WATCH_MS).unref());
  return {};
}

/** What to say of it after a name. */
export function endText({ status, signal }: ProcessEnd): string {
  if (signal !== undefined) return `was killed by ${signal}`;
  return status === undefined ? "has ended" : `ended with status ${status}`;
}

function hasSystemd(): boolean {
  return process.getuid?.() === 0 && existsSync("/run/systemd/system");
}

/** `systemd-run --scope` becomes the command, so that its pid is the command's. */
function inScope({ unit, argv }: ScopedCommand): string[] {
  return ["systemd-run", "--scope", "--quiet", "--collect", `--unit=${unit}`, "--", ...argv];
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((done) => {
    child.once("error", () => done({}));
    child.once("exit", (status, signal) =>
      done(signal === null ? { status: status ?? 0 } : { signal }),
    );
  });
}

function pidOf(child: ChildProcess, program: string): Promise<number> {
  return new Promise((done, failed) => {
    child.once("spawn", () => done(child.pid ?? 0));
    child.once("error", (cause) =>
      failed(
        new LivestackError("SYSTEM", "it cannot be started", {
          place: program,
          cause,
          hint: "see that this program is there and may be executed",
        }),
      ),
    );
  });
}
