// SPDX-License-Identifier: Apache-2.0
// The other end of vm-driver.ts: asks it from outside its lab host.
import { messageOf, Talker } from "@livestack/lab";

export class LabDriver {
  readonly #talker: Talker;

  private constructor(talker: Talker) {
    this.#talker = talker;
  }

  /** @param file the driver's program */
  static async start(host: string, file: string): Promise<LabDriver> {
    return new LabDriver(await Talker.start(host, process.execPath, file));
  }

  /** One after the other. @throws Error what went wrong there */
  async ask<Value>(verb: string, ...args: string[]): Promise<Value> {
    const said = `${verb} ${args.join(" ")}`;
    this.#talker.say(JSON.stringify([verb, ...args]));
    const answer = await this.#talker.line().catch((error: unknown) => {
      throw new Error(`${said}: the driver: ${messageOf(error)}`);
    });
    const { failed, value } = JSON.parse(answer) as { failed?: string; value: Value };
    if (failed !== undefined) throw new Error(`${said}: ${failed}`);
    return value;
  }

  end(): Promise<void> {
    return this.#talker.end();
  }
}
