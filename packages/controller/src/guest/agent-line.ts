// SPDX-License-Identifier: Apache-2.0
// The lines that host and guest agent exchange: tools/image/guest/line.h, docs/guests.md.
import { AgentError, AgentErrorCode } from "./agent-error.js";

export const AGENT_PORT = "livestack.agent";
export const AGENT_VERSION = 1;
/** More than the longest answer: two streams of 16 MiB in base64. */
export const MAX_LINE_BYTES = 48 << 20;

/** A word or number as it is; bytes, which go in base64, as a Buffer; a list for a repeated field. */
export type FieldValue = string | number | bigint | Buffer | readonly Buffer[];

/** One line of a request, newline included. */
export function encodeRequest(
  id: string,
  verb: string,
  fields: Readonly<Record<string, FieldValue | undefined>>,
): string {
  const words = [id, verb];
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    for (const each of Array.isArray(value) ? value : [value])
      words.push(`${key}=${Buffer.isBuffer(each) ? each.toString("base64") : each}`);
  }
  return `${words.join(" ")}\n`;
}

/** What the guest said. */
export class Reply {
  readonly id: string;
  readonly kind: string;
  readonly #fields: ReadonlyMap<string, string>;

  /** @throws AgentError PROTOCOL for what is no reply */
  constructor(line: string) {
    const [id = "", kind = "", ...words] = line.split(" ");
    this.id = id;
    this.kind = kind;
    this.#fields = new Map(words.map((word) => splitOnce(word)));
    if (!["ok", "ended", "error", "started"].includes(kind)) throw notOurs(line);
  }

  /** @throws AgentError PROTOCOL if there is none */
  text(key: string): string {
    const value = this.#fields.get(key);
    if (value === undefined) throw notOurs(`${this.id} ${this.kind} without ${key}=`);
    return value;
  }

  has(key: string): boolean {
    return this.#fields.has(key);
  }

  integer(key: string): bigint {
    const text = this.text(key);
    if (!/^\d+$/.test(text)) throw notOurs(`${key}=${text}`);
    return BigInt(text);
  }

  bytes(key: string): Buffer {
    return Buffer.from(this.text(key), "base64");
  }

  /** Words parted by commas; none for "". */
  list(key: string): string[] {
    return this.text(key).split(",").filter(Boolean);
  }
}

function splitOnce(word: string): [string, string] {
  const at = word.indexOf("=");
  return at < 0 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
}

function notOurs(what: string): AgentError {
  return new AgentError(
    AgentErrorCode.PROTOCOL,
    `the guest's agent said what is not in its protocol (${JSON.stringify(what.slice(0, 200))}); ` +
      "give the guest the agent of this LiveStack",
  );
}

const NEWLINE = 10;

/** Puts lines together from pieces of any size. */
export class LineReader {
  #pieces: Buffer[] = [];
  #length = 0;

  /**
   * @returns the lines that `piece` completes, without their newlines, empty ones left out
   * @throws AgentError PROTOCOL for a line longer than any agent sends
   */
  push(piece: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (;;) {
      const end = piece.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#pieces.push(piece.subarray(start, end));
      const line = Buffer.concat(this.#pieces).toString("latin1");
      if (line) lines.push(line);
      this.#pieces = [];
      this.#length = 0;
      start = end + 1;
    }
    this.#pieces.push(piece.subarray(start));
    this.#length += piece.length - start;
    if (this.#length > MAX_LINE_BYTES) throw notOurs(`a line of ${this.#length} bytes`);
    return lines;
  }
}
