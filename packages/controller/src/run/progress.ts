// SPDX-License-Identifier: Apache-2.0
// How a run goes, on standard error: one line that is written over on a terminal, else plain lines at
// growing intervals.
import { Mode, State } from "@livestack/netlink-client";
import type { SessionStatus } from "../agent/protocol.js";
import type { Context } from "../context.js";
import type { Scenario } from "../scenario/scenario.js";
import { wordOf } from "../session/show.js";

const FIRST_PLAIN_MS = 5_000;
const LONGEST_PLAIN_MS = 300_000;
const YELLOW = "\x1b[33m";
const PLAIN = "\x1b[0m";
const ERASE = "\r\x1b[K";

export class Progress {
  readonly #stderr: Context["stderr"];
  readonly #isTerminal: boolean;
  readonly #isColoured: boolean;
  #interval = FIRST_PLAIN_MS;
  #next = FIRST_PLAIN_MS;
  #isShown = false;

  constructor({ stderr, env }: Pick<Context, "stderr" | "env">) {
    this.#stderr = stderr;
    this.#isTerminal = stderr.isTTY === true && env.TERM !== "dumb";
    this.#isColoured = this.#isTerminal && !env.NO_COLOR;
  }

  /** A line that stays. */
  say(text: string): void {
    this.clear();
    this.#stderr.write(`livestack: ${text}\n`);
  }

  /** @param wallMs since simulated time 0 */
  show(status: SessionStatus, scenario: Scenario, wallMs: number): void {
    const line = progressText(status, scenario, wallMs);
    if (this.#isTerminal) {
      const isLate = (status.session.late ?? 0n) > 0n;
      this.#stderr.write(
        `${ERASE}${isLate && this.#isColoured ? `${YELLOW}${line}${PLAIN}` : line}`,
      );
      this.#isShown = true;
      return;
    }
    if (wallMs < this.#next) return;
    this.#stderr.write(`livestack: ${line}\n`);
    this.#interval = Math.min(this.#interval * 2, LONGEST_PLAIN_MS);
    this.#next = wallMs + this.#interval;
  }

  /** Takes the line away that is written over. */
  clear(): void {
    if (this.#isShown) this.#stderr.write(ERASE);
    this.#isShown = false;
  }
}

export function progressText(
  { session }: SessionStatus,
  { components }: Scenario,
  wallMs: number,
): string {
  const simulatedMs = Number(session.clockNs ?? 0n) / 1e6;
  const nameOf = (id: number) =>
    components.find((each) => each.id === id)?.name ?? `component ${id}`;
  const parts = [
    `simulated ${seconds(simulatedMs)}`,
    `wall ${seconds(wallMs)}`,
    `ratio ${(wallMs > 0 ? simulatedMs / wallMs : 0).toFixed(2)}`,
    `late ${session.late ?? 0n}`,
    ...modeParts(session),
    ...(session.state === State.paused ? [`paused (${pausedBy(session)})`] : []),
    ...(session.awaited > 0 && session.waitsFor !== undefined
      ? [`waits for ${nameOf(session.waitsFor)}${more(session.awaited)}`]
      : []),
  ];
  return parts.join("  ");
}

function pausedBy({ reason, silent }: SessionStatus["session"]): string {
  return silent === undefined ? wordOf("reason", reason) : `${silent} is not heard of`;
}

function modeParts({ mode, released }: SessionStatus["session"]): string[] {
  if (released) return ["mode free (gating was given up)"];
  return mode === undefined || mode === Mode.strict ? [] : [`mode ${wordOf("mode", mode)}`];
}

function more(awaited: number): string {
  return awaited > 1 ? ` and ${awaited - 1} more` : "";
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(3)} s`;
}
