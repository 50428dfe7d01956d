// SPDX-License-Identifier: Apache-2.0
// The guests' run commands, from the moment they are handed over until each has its result.
import { setTimeout as sleep } from "node:timers/promises";
import type { CommandEnd } from "../agent/protocol.js";
import type { SessionAgent } from "../agent/session-agent.js";
import type { LiveComponent } from "../scenario/scenario.js";
import type { CommandResult } from "./result-schema.js";
import type { RunFolder } from "./run-folder.js";

/** What result.json holds of an output; the whole is in a file of its own. */
const SHOWN_BYTES = 64 << 10;
/** A guest that was just let free ends a command at once. */
const KILL_LIMIT_MS = 30_000;

interface Tracked {
  guest: LiveComponent;
  index: number;
  line: string;
  /** the agent's name for it */
  run: string;
  end?: CommandEnd;
  /** whether it ended by itself, in simulated time */
  inTime?: boolean;
  settled: Promise<void>;
  isSettled: boolean;
}

export class RunCommands {
  readonly #agent: SessionAgent;
  readonly #tracked: Tracked[] = [];
  #isOver = false;
  #onAllEnded: () => void = () => {};
  /** settles when the last has ended: whoever waits for it can stop time at once */
  readonly allEnded = new Promise<void>((done) => {
    this.#onAllEnded = done;
  });

  private constructor(agent: SessionAgent) {
    this.#agent = agent;
  }

  /** Hands over all commands of these guests, which stand still at simulated time 0. */
  static async start(agent: SessionAgent, guests: readonly LiveComponent[]): Promise<RunCommands> {
    const commands = new RunCommands(agent);
    for (const guest of guests) {
      const request = { component: guest.id, commands: [...guest.run] };
      const { runs } = await agent.ask("commands-start", request);
      commands.#track(guest, runs);
    }
    return commands;
  }

  /** Those that an earlier livestack has started. @param runs of each guest, by its id */
  static adopt(
    agent: SessionAgent,
    guests: readonly LiveComponent[],
    runs: ReadonlyMap<number, readonly string[]>,
  ): RunCommands {
    const commands = new RunCommands(agent);
    for (const guest of guests) commands.#track(guest, runs.get(guest.id) ?? []);
    return commands;
  }

  get count(): number {
    return this.#tracked.length;
  }

  get haveEnded(): boolean {
    return this.#tracked.every(({ isSettled }) => isSettled);
  }

  /** Ends what has not ended by itself; to be called when all guests run free. */
  async finish(): Promise<void> {
    this.#isOver = true;
    const left = this.#tracked.filter(({ isSettled }) => !isSettled);
    // The last one first: the end of one lets the next one begin.
    for (const { guest, run } of left.toReversed())
      await this.#agent.ask("command-kill", { component: guest.id, run }).catch(() => {});
    const all = Promise.all(left.map(({ settled }) => settled));
    const limit = new AbortController();
    await Promise.race([all, sleep(KILL_LIMIT_MS, undefined, { signal: limit.signal })]);
    limit.abort();
  }

  /** By the guests' ids; writes whole outputs into the run's folder. */
  results(folder: RunFolder): Map<number, CommandResult[]> {
    const results = new Map<number, CommandResult[]>();
    for (const tracked of this.#tracked) {
      const { guest, index, end } = tracked;
      if (end) folder.writeOutput(guest.name, index, end.stdout, end.stderr);
      const mine = results.get(guest.id) ?? [];
      mine.push(this.#resultOf(tracked));
      results.set(guest.id, mine);
    }
    return results;
  }

  /** A sentence for each that had not ended when the session was over, or wrote more than is kept. */
  warnings(): string[] {
    return this.#tracked.flatMap(({ guest, line, end, inTime }) => {
      const lost = (end?.stdoutLost ?? 0n) + (end?.stderrLost ?? 0n);
      return [
        ...(inTime ? [] : [`${guest.name}: ${line}: had not ended when the session was over`]),
        ...(lost > 0n ? [`${guest.name}: ${line}: wrote ${lost} bytes more than are kept`] : []),
      ];
    });
  }

  #track(guest: LiveComponent, runs: readonly string[]): void {
    for (const [index, run] of runs.entries()) {
      const line = guest.run[index] ?? "";
      const tracked: Tracked = {
        guest,
        index,
        line,
        run,
        settled: Promise.resolve(),
        isSettled: false,
      };
      tracked.settled = this.#wait(tracked);
      this.#tracked.push(tracked);
    }
  }

  async #wait(tracked: Tracked): Promise<void> {
    const { guest, run } = tracked;
    try {
      tracked.end = await this.#agent.ask("command-wait", { component: guest.id, run });
      tracked.inTime = !this.#isOver;
    } catch {
      // Its guest is lost, which status tells with the reason.
    }
    tracked.isSettled = true;
    if (this.haveEnded) this.#onAllEnded();
  }

  #resultOf({ line, end, inTime }: Tracked): CommandResult {
    const stdout = end?.stdout.subarray(0, SHOWN_BYTES).toString() ?? "";
    if (!end || !inTime) return { run: line, exit: null, guest_ns: null, stdout };
    const exit = end.exit ?? 128 + (end.signal ?? 0);
    return { run: line, exit, guest_ns: Number(end.endNs - end.startNs), stdout };
  }
}
