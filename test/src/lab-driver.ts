// SPDX-License-Identifier: Apache-2.0
// The other end of vm-driver.ts: asks it from outside its lab host.
import { createInterface } from "node:readline";
import { messageOf, type RemoteCommand, shellStatus, startCommand } from "@livestack/lab";

/** Of what it wrote to its standard error, as much is told with its end. */
const LAST_WORDS = 2000;

export class LabDriver {
  readonly #command: RemoteCommand;
  readonly #answers: AsyncIterator<string>;
  #lastWords = "";

  private constructor(command: RemoteCommand) {
    this.#command = command;
    this.#answers = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
    command.stderr.on("data", (piece: Buffer) => {
      this.#lastWords = (this.#lastWords + piece.toString()).slice(-LAST_WORDS);
    });
    // Told where it is asked; until then it must not count as unheard.
    command.exit.catch(() => {});
  }

  /** @param file the driver's program */
  static async start(host: string, file: string): Promise<LabDriver> {
    return new LabDriver(await startCommand(host, { argv: [process.execPath, file] }));
  }

  /** One after the other. @throws Error what went wrong there */
  async ask<Value>(verb: string, ...args: string[]): Promise<Value> {
    this.#command.stdin.write(`${JSON.stringify([verb, ...args])}\n`);
    const { done, value } = await this.#answers.next();
    if (done) throw new Error(`${verb} ${args.join(" ")}: ${await this.#end()}`);
    const { failed, value: said } = JSON.parse(value) as { failed?: string; value: Value };
    if (failed !== undefined) throw new Error(`${verb} ${args.join(" ")}: ${failed}`);
    return said;
  }

  async #end(): Promise<string> {
    const how = await this.#command.exit.then(
      (exit) => `status ${shellStatus(exit)}`,
      (error: unknown) => messageOf(error),
    );
    return `the driver has ended: ${how}\n${this.#lastWords}`;
  }

  async end(): Promise<void> {
    this.#command.stdin.end();
    await this.#command.exit;
  }
}
