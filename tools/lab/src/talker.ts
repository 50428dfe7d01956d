// SPDX-License-Identifier: Apache-2.0
import { createInterface } from "node:readline";
import { messageOf } from "./errors.js";
import { type RemoteCommand, shellStatus, startCommand } from "./exec.js";

/** Of what it wrote to its standard error, as much is told with its end. */
const LAST_WORDS = 2000;

/** A program in a lab host that is spoken with in lines, by its standard input and output. */
export class Talker {
  readonly #command: RemoteCommand;
  readonly #lines: AsyncIterator<string>;
  #lastWords = "";

  private constructor(command: RemoteCommand) {
    this.#command = command;
    this.#lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
    command.stderr.on("data", (piece: Buffer) => {
      this.#lastWords = (this.#lastWords + piece.toString()).slice(-LAST_WORDS);
    });
    // Told where it is asked; until then it must not count as unheard.
    command.exit.catch(() => {});
  }

  static async start(host: string, ...argv: string[]): Promise<Talker> {
    return new Talker(await startCommand(host, { argv }));
  }

  say(line: string): void {
    this.#command.stdin.write(`${line}\n`);
  }

  /** The next one. @throws Error how it has ended, with what it has said last */
  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(await this.#ending());
    return value;
  }

  async #ending(): Promise<string> {
    const how = await this.#command.exit.then(
      (exit) => `status ${shellStatus(exit)}`,
      (error: unknown) => messageOf(error),
    );
    return `it has ended: ${how}\n${this.#lastWords}`;
  }

  async end(): Promise<void> {
    this.#command.stdin.end();
    await this.#command.exit;
  }
}
