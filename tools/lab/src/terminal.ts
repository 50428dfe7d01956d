// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";
import { pipeline } from "node:stream/promises";
import { type RemoteCommand, shellStatus, startCommand } from "./exec.js";

const FORWARDED = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2"] as const;

/**
 * Runs a command in a host as if it ran here: our input, outputs and signals are its own.
 * @returns the status to exit with
 */
export async function runHere(
  host: string,
  argv: readonly string[],
  env: Record<string, string>,
  directory: string | undefined,
): Promise<number> {
  const command = await startCommand(host, {
    argv,
    env,
    ...(directory === undefined ? {} : { directory }),
  });
  for (const name of FORWARDED) process.on(name, () => command.kill(constants.signals[name]));
  return attach(command);
}

/** A login shell on a terminal that follows the size of ours. */
export async function shellHere(host: string): Promise<number> {
  const { stdin, stdout } = process;
  const size = () => ({ rows: stdout.rows ?? 24, columns: stdout.columns ?? 80 });
  const command = await startCommand(host, {
    argv: ["bash", "-l"],
    env: { TERM: process.env.TERM ?? "dumb" },
    terminal: size(),
  });
  stdout.on("resize", () => command.resize(size().rows, size().columns));
  if (stdin.isTTY) stdin.setRawMode(true);
  try {
    return await attach(command);
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
  }
}

async function attach(command: RemoteCommand): Promise<number> {
  const { stdin, stdout, stderr } = process;
  command.stdin.on("error", () => {});
  stdin.pipe(command.stdin);
  // Whoever read our output has gone (`| head`): the command has nobody to write to any more.
  stdout.on("error", () => command.hangUp());
  const outputs = Promise.allSettled([
    pipeline(command.stdout, stdout, { end: false }),
    pipeline(command.stderr, stderr, { end: false }),
  ]);
  try {
    return shellStatus(await command.exit);
  } finally {
    await outputs;
    stdin.unpipe();
    stdin.destroy();
  }
}
