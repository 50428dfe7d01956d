// SPDX-License-Identifier: Apache-2.0
import type { KernelState, LivestackEvent } from "./events.js";
import type { NetlinkError } from "./netlink-error.js";

/** A reader that is so far behind gets a fresh state in place of what it has missed. */
const MOST_UNREAD = 65_536;

/** What a stream asks of the one who feeds it. */
export interface EventSource {
  /** The reader wants to go on after it was too slow. */
  resync(stream: EventStream): void;
  ended(stream: EventStream): void;
}

type Result = IteratorResult<LivestackEvent, undefined>;
interface Reader {
  done(result: Result): void;
  failed(error: NetlinkError): void;
}

/** One reader's events in order, of which the first is a resync. */
export class EventStream implements AsyncIterableIterator<LivestackEvent, undefined> {
  readonly #source: EventSource;
  readonly #readers: Reader[] = [];
  readonly #onAbort = () => this.#end();
  readonly #signal: AbortSignal | undefined;
  readonly #limit: number;
  #unread: LivestackEvent[] = [];
  /** Events that came while the state is being read; they follow it. */
  #held: LivestackEvent[] | undefined = [];
  #behind = false;
  #over = false;
  #error: NetlinkError | undefined;

  constructor(source: EventSource, signal: AbortSignal | undefined, limit = MOST_UNREAD) {
    this.#source = source;
    this.#limit = limit;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Result> {
    const event = this.#unread.shift();
    if (event) return Promise.resolve({ done: false, value: event });
    if (this.#error) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    if (this.#behind) {
      this.#behind = false;
      this.expectResync();
      this.#source.resync(this);
    }
    return new Promise((done, failed) => this.#readers.push({ done, failed }));
  }

  return(): Promise<Result> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** From now on events wait for the state that is being read. */
  expectResync(): void {
    this.#held = [];
  }

  resync(data: KernelState): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of [{ type: "resync", data } as const, ...held]) this.#give(event);
  }

  push(event: LivestackEvent): void {
    if (!this.#held) this.#give(event);
    else if (this.#held.length < this.#limit) this.#held.push(event);
    else this.#fallBehind();
  }

  /** What has come is still read, then the reader gets the error. */
  fail(error: NetlinkError): void {
    if (this.#over) return;
    const reader = this.#readers.shift();
    if (reader) reader.failed(error);
    else this.#error = error;
    this.#end();
  }

  #give(event: LivestackEvent): void {
    if (this.#over || this.#behind) return;
    const reader = this.#readers.shift();
    if (reader) reader.done({ done: false, value: event });
    else if (this.#unread.length < this.#limit) this.#unread.push(event);
    else this.#fallBehind();
  }

  #fallBehind(): void {
    this.#unread = [];
    this.#held = undefined;
    this.#behind = true;
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#signal?.removeEventListener("abort", this.#onAbort);
    for (const { done } of this.#readers) done({ done: true, value: undefined });
    this.#readers.length = 0;
    this.#source.ended(this);
  }
}
