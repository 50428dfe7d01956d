// SPDX-License-Identifier: Apache-2.0
import type { Connection, EventSink } from "./connection.js";
import { type EventSource, EventStream } from "./event-stream.js";
import { decodeEvent, type KernelState } from "./events.js";
import type { FamilyMessage } from "./helper-protocol.js";
import { NetlinkError } from "./netlink-error.js";

/** Gives the events of one connection to any number of readers, each from a fresh state on. */
export class EventHub implements EventSource, EventSink {
  readonly #connection: Connection;
  readonly #readState: () => Promise<KernelState>;
  readonly #streams = new Set<EventStream>();
  #listening = false;
  /** Counts how often listening has begun: a state read before the last time is of no use. */
  #beginnings = 0;

  constructor(connection: Connection, readState: () => Promise<KernelState>) {
    this.#connection = connection;
    this.#readState = readState;
  }

  open(signal: AbortSignal | undefined): EventStream {
    const stream = new EventStream(this, signal);
    if (signal?.aborted) {
      void stream.return();
      return stream;
    }
    this.#streams.add(stream);
    if (this.#listening) this.resync(stream);
    else if (this.#streams.size === 1) this.#connection.listen(this);
    return stream;
  }

  resync(stream: EventStream): void {
    void this.#resync([stream]);
  }

  ended(stream: EventStream): void {
    if (!this.#streams.delete(stream) || this.#streams.size > 0) return;
    this.#listening = false;
    this.#connection.listen(undefined);
  }

  event(message: FamilyMessage): void {
    try {
      const event = decodeEvent(message);
      if (event) for (const stream of this.#streams) stream.push(event);
    } catch (error) {
      if (!(error instanceof NetlinkError)) throw error;
      this.failed(error);
    }
  }

  listening(): void {
    this.#listening = true;
    this.#beginnings++;
    void this.#resync([...this.#streams]);
  }

  failed(error: NetlinkError): void {
    this.#listening = false;
    for (const stream of [...this.#streams]) stream.fail(error);
  }

  async #resync(streams: readonly EventStream[]): Promise<void> {
    const beginning = this.#beginnings;
    for (const stream of streams) stream.expectResync();
    try {
      const state = await this.#readState();
      if (beginning === this.#beginnings) for (const stream of streams) stream.resync(state);
    } catch (error) {
      // When events have to begin anew, so does this.
      if (beginning !== this.#beginnings) return;
      if (!(error instanceof NetlinkError)) throw error;
      for (const stream of streams) stream.fail(error);
    }
  }
}
