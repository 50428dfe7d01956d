// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { type RemoteCommand, shellStatus, startCommand } from "@livestack/lab";

const SIGTERM = 15;
const READY_LIMIT_MS = 120_000;
const END_LIMIT_MS = 60_000;
const LOOK_MS = 200;

/** A program that goes on in a lab host, and what it has said to standard error. */
export class LabDaemon {
  readonly command: RemoteCommand;
  #said = "";

  private constructor(command: RemoteCommand) {
    this.command = command;
    command.stdin.end();
    command.stdout.resume();
    command.stderr.on("data", (piece: Buffer) => {
      this.#said += piece;
    });
    // Told where it is asked; until then it must not count as unheard.
    command.exit.catch(() => {});
  }

  static async start(host: string, argv: readonly string[]): Promise<LabDaemon> {
    return new LabDaemon(await startCommand(host, { argv }));
  }

  get said(): string {
    return this.#said;
  }

  /** Until it has said this. @throws Error with all that it has said, also when it ends before */
  async until(what: RegExp, limitMs = READY_LIMIT_MS): Promise<void> {
    const over = this.command.exit.then(
      ({ status }) => `it ended with status ${status}`,
      (error: Error) => error.message,
    );
    const limit = performance.now() + limitMs;
    while (!what.test(this.#said)) {
      const ended = await Promise.race([over, sleep(LOOK_MS)]);
      if (ended !== undefined || performance.now() > limit)
        throw new Error(`${what}: ${ended ?? "not within its time"}\n${this.#said}`);
    }
  }

  /** Until this is done and then it has ended well. @throws Error with all that it has said otherwise */
  async outlasts<Value>(beside: Promise<Value>): Promise<Value> {
    const ending = this.command.exit.then(shellStatus);
    let failed: unknown;
    const value = await beside.catch((error: unknown) => {
      failed = error;
    });
    // What was done beside it fails when it has ended; then its own words tell more.
    const status = await (failed ? Promise.race([ending, sleep(END_LIMIT_MS)]) : ending);
    if (status === undefined) throw failed;
    if (failed || status !== 0) throw new Error(`it ended with status ${status}\n${this.#said}`);
    return value as Value;
  }

  /** @returns its status, as a shell has it */
  async end(signal = SIGTERM): Promise<number> {
    this.command.kill(signal);
    return shellStatus(await this.command.exit);
  }
}
