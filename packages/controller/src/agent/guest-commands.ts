// SPDX-License-Identifier: Apache-2.0
// The commands of a guest that run from simulated time 0 on, one after the other. All are handed over
// before time begins: a guest that had to wait for its host between two of them would be idle
// meanwhile, and idle time is skipped. So each waits in the guest for the one before it, at a FIFO.
import type { AgentClient, GuestRun, OnEnded } from "../guest/agent-client.js";
import { AgentError } from "../guest/agent-error.js";

/** of each of a command's two outputs */
const KEEP_BYTES = 4 << 20;

// $1 the command, $2 the FIFO of the one before it, $3 its own. A FIFO is opened at both ends at once,
// so it does not matter who is there first. Its status is the command's, whose shell is another.
const STEP = `test -z "$2" || read -r _ <"$2"
/bin/sh -c "$1"
status=$?
test -z "$3" || echo >"$3"
exit $status`;

export class GuestCommands {
  readonly #agent: AgentClient;
  readonly #commands: readonly string[];
  readonly #prefix: string;

  /** @param unique tells its FIFOs from all others */
  constructor(agent: AgentClient, commands: readonly string[], unique: string) {
    this.#agent = agent;
    this.#commands = commands;
    this.#prefix = `/tmp/livestack-${unique}`;
  }

  /** Makes what start() needs; while the guest runs free. @throws AgentError */
  async prepare(): Promise<void> {
    const paths = this.#commands.slice(1).map((_, index) => this.#fifo(index));
    if (paths.length === 0) return;
    const { exit, stderr } = await this.#agent.run({ run: ["mkfifo", ...paths] }).result;
    if (exit !== 0) throw new AgentError("MKFIFO", stderr.toString().trim());
  }

  /** @returns their runs, in their order */
  start(onEnded: OnEnded): GuestRun[] {
    return this.#commands.map((command, index) => {
      const before = index === 0 ? "" : this.#fifo(index - 1);
      const after = index === this.#commands.length - 1 ? "" : this.#fifo(index);
      const run = ["/bin/sh", "-c", STEP, "livestack", command, before, after];
      return this.#agent.run({ run, keepBytes: KEEP_BYTES, onEnded });
    });
  }

  #fifo(index: number): string {
    return `${this.#prefix}-${index}`;
  }
}
