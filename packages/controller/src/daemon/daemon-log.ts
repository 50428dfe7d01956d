// SPDX-License-Identifier: Apache-2.0
// What daemons say: one line an event on standard error, with the priority that journald reads.
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";
import { printable } from "../printable.js";

const PRIORITY = { error: 3, warn: 4, info: 6 } as const;
type Level = keyof typeof PRIORITY;
/** Who is remembered of those that were told of; a stranger can have many addresses. */
const REMEMBERED = 1000;

export class DaemonLog {
  readonly #stderr: Context["stderr"];
  readonly #isJournal: boolean;
  /** by peer and kind of error, how often it was seen */
  readonly #seen = new Map<string, number>();

  constructor({ stderr, env }: Pick<Context, "stderr" | "env">) {
    this.#stderr = stderr;
    this.#isJournal = env.JOURNAL_STREAM !== undefined;
  }

  info(text: string): void {
    this.#say("info", text);
  }

  warn(text: string): void {
    this.#say("warn", text);
  }

  error(thrown: unknown): void {
    this.#say("error", lineOf(thrown));
  }

  /** Said once for each peer and kind, not for each time that it tries. */
  once(peer: string, kind: string, text: string): void {
    const key = `${peer} ${kind}`;
    const count = this.#seen.get(key) ?? 0;
    if (count === 0 && this.#seen.size >= REMEMBERED) this.#seen.clear();
    this.#seen.set(key, count + 1);
    if (count === 0) this.#say("warn", `${peer}: ${text}`);
  }

  /** It is well again: its next fault is told of. */
  forget(peer: string): void {
    for (const key of this.#seen.keys()) if (key.startsWith(`${peer} `)) this.#seen.delete(key);
  }

  #say(level: Level, text: string): void {
    const priority = this.#isJournal ? `<${PRIORITY[level]}>` : "";
    // What peers say is in it.
    this.#stderr.write(`${priority}livestack: ${printable(text).replaceAll("\n", " ")}\n`);
  }
}

/** What `livestack` prints of an error in several lines, in one. */
export function lineOf(thrown: unknown): string {
  const { code, message, place, hint } = LivestackError.from(thrown);
  const where = place === undefined ? "" : `${place}: `;
  return `${where}${message} [${code}]${hint === undefined ? "" : `; ${hint}`}`;
}
