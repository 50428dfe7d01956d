// SPDX-License-Identifier: Apache-2.0
// The other end of vm-driver.ts: asks it from outside its lab host.
import { createInterface } from "node:readline";
import { type RemoteCommand, startCommand } from "@livestack/lab";

export class LabDriver {
  readonly #command: RemoteCommand;
  readonly #answers: AsyncIterator<string>;

  private constructor(command: RemoteCommand) {
    this.#command = command;
    this.#answers = createInterface({ input: command.stdout })[Symbol.asyncIterator]();
    command.stderr.pipe(process.stderr, { end: false });
  }

  /** @param file the driver's program */
  static async start(host: string, file: string): Promise<LabDriver> {
    return new LabDriver(await startCommand(host, { argv: [process.execPath, file] }));
  }

  /** One after the other. @throws Error what went wrong there */
  async ask<Value>(verb: string, ...args: string[]): Promise<Value> {
    this.#command.stdin.write(`${JSON.stringify([verb, ...args])}\n`);
    const { done, value } = await this.#answers.next();
    if (done) throw new Error(`the driver has ended at ${verb} ${args.join(" ")}`);
    const { failed, value: said } = JSON.parse(value) as { failed?: string; value: Value };
    if (failed !== undefined) throw new Error(`${verb} ${args.join(" ")}: ${failed}`);
    return said;
  }

  async end(): Promise<void> {
    this.#command.stdin.end();
    await this.#command.exit;
  }
}
