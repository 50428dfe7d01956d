// SPDX-License-Identifier: Apache-2.0
import { createInterface } from "node:readline";
import { type RemoteCommand, startCommand } from "@livestack/lab";

/** A program of a lab host that is told on its standard input what the other has said. */
export class Talker {
  readonly #command: RemoteCommand;
  readonly #lines: AsyncIterator<string>;
  #lastWords = "";

  private constructor(command: RemoteCommand) {
    this.#command = command;
    this.#lines = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
    command.stderr.on("data", (piece: Buffer) => {
      this.#lastWords += piece;
    });
    command.exit.catch(() => {});
  }

  static async start(host: string, ...argv: string[]): Promise<Talker> {
    return new Talker(await startCommand(host, { argv }));
  }

  say(line: string): void {
    this.#command.stdin.write(`${line}\n`);
  }

  async line(): Promise<string> {
    const { done, value } = await this.#lines.next();
    if (done) throw new Error(`it has ended: ${this.#lastWords.trim()}`);
    return value;
  }

  async end(): Promise<void> {
    this.#command.stdin.end();
    await this.#command.exit;
  }
}
