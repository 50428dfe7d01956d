// SPDX-License-Identifier: Apache-2.0
import { constants } from "node:os";
import { HelperProcess } from "./helper-process.js";
import type { Answer, FamilyMessage, FromHelper } from "./helper-protocol.js";
import { NetlinkError } from "./netlink-error.js";
import { closed, helperFailed, helperLost, notAnswered, notStarted } from "./own-errors.js";

/** More at once could overrun the receive buffer, however large (100 replies fit the default). */
const MOST_IN_FLIGHT = 32;
const MOST_TRIES = 4;
/** A dump in one part is never interrupted; one of many parts needs a moment without changes. */
const MOST_DUMPS = 20;
const MOST_STARTS = 10;
const FIRST_DELAY_MS = 20;
const LONGEST_DELAY_MS = 2_000;
/** An emulated machine takes seconds to start a program. */
const START_LIMIT_MS = 120_000;
/** A helper that has lived so long has not failed to start. */
const PROVEN_MS = 5_000;

export interface Request {
  /** As the spec names it, for messages. */
  operation: string;
  command: number;
  dump: boolean;
  /** Whether it changes nothing, so that it can be asked again. */
  reads: boolean;
  /** Whether a dump has to be of one moment; it is asked for again when something changed under it. */
  whole: boolean;
  data: Uint8Array;
}

export interface ConnectionOptions {
  bufferBytes: number;
  answerLimitMs: number;
  program?: string;
}

/** What a connection tells of events. */
export interface EventSink {
  event(message: FamilyMessage): void;
  /** Events come from here on; what happened before is not known. */
  listening(): void;
  failed(error: NetlinkError): void;
}

interface Waiting extends Request {
  tries: number;
  done(answer: Answer): void;
  failed(error: NetlinkError): void;
}

/**
 * Requests to the kernel through a helper process that is started again when it dies.
 *
 * A request that reads is then asked again; one that changes something and was under way is given
 * up with HELPER_LOST, because nobody knows whether it was done.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #queue: Waiting[] = [];
  readonly #inFlight = new Map<number, Waiting & { timer: NodeJS.Timeout }>();
  #helper: HelperProcess | undefined;
  #ready = false;
  #readyAt = 0;
  #starts = 0;
  #restart: NodeJS.Timeout | undefined;
  #startLimit: NodeJS.Timeout | undefined;
  #sink: EventSink | undefined;
  #lastId = 0;
  #closed = false;
  #started: { done: () => void; failed: (error: NetlinkError) => void } | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Process id of the helper, while there is one. */
  get helperPid(): number | undefined {
    return this.#helper?.pid;
  }

  /** Settles when requests can be made. @throws NetlinkError NOT_LOADED or HELPER_FAILED */
  open(): Promise<void> {
    return new Promise((done, failed) => {
      this.#started = { done, failed };
      this.#start();
    });
  }

  /** @throws NetlinkError NOT_LOADED, HELPER_LOST, HELPER_FAILED, ETIMEDOUT or CLOSED */
  request(request: Request): Promise<Answer> {
    if (this.#closed) return Promise.reject(closed());
    return new Promise((done, failed) => {
      this.#queue.push({ ...request, tries: 0, done, failed });
      this.#pump();
    });
  }

  /** Has events told to `sink` until it is taken away again, over all restarts. */
  listen(sink: EventSink | undefined): void {
    this.#sink = sink;
    if (this.#ready) this.#helper?.send({ listen: sink !== undefined });
    this.#pump();
  }

  /** Gives up all requests; settles when the helper has gone. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#restart);
    this.#failAll(closed());
    this.#helper?.hold(true);
    this.#helper?.close();
    await this.#helper?.ended;
  }

  #start(): void {
    clearTimeout(this.#restart);
    this.#restart = undefined;
    this.#starts++;
    this.#ready = false;
    const { bufferBytes, program } = this.#options;
    this.#helper = new HelperProcess(
      { bufferBytes, ...(program === undefined ? {} : { program }) },
      { message: (message) => this.#hear(message), end: (how) => this.#ended(how) },
    );
    this.#startLimit = setTimeout(() => this.#helper?.kill(), START_LIMIT_MS).unref();
  }

  /** Sends what may be sent, starts a helper if there is none, and holds this process if need be. */
  #pump(): void {
    const idle = this.#queue.length === 0 && this.#sink === undefined;
    if (!this.#closed && !this.#helper && !this.#restart && !idle) this.#start();
    while (this.#ready && this.#inFlight.size < MOST_IN_FLIGHT) {
      const dumping = [...this.#inFlight.values()].some(({ dump }) => dump);
      const index = this.#queue.findIndex(({ dump }) => !(dump && dumping));
      const [next] = index < 0 ? [] : this.#queue.splice(index, 1);
      if (!next) break;
      this.#send(next);
    }
    const needed = this.#started || this.#sink || this.#queue.length + this.#inFlight.size > 0;
    this.#helper?.hold(needed !== undefined && needed !== false);
  }

  #send(request: Waiting): void {
    const id = ++this.#lastId;
    request.tries++;
    const timer = setTimeout(() => this.#tooLate(id), this.#options.answerLimitMs);
    this.#inFlight.set(id, { ...request, timer });
    const { command, dump, data } = request;
    this.#helper?.send({ ask: id, command, dump, data });
  }

  /** The kernel answers at once, so it is the helper that hangs: the next one may do better. */
  #tooLate(id: number): void {
    const request = this.#inFlight.get(id);
    if (!request) return;
    this.#inFlight.delete(id);
    request.failed(notAnswered(request.operation, this.#options.answerLimitMs, request.reads));
    this.#helper?.kill();
  }

  #hear(message: FromHelper): void {
    if ("ready" in message) {
      this.#ready = true;
      clearTimeout(this.#startLimit);
      this.#readyAt = performance.now();
      this.#started?.done();
      this.#started = undefined;
      if (this.#sink) this.#helper?.send({ listen: true });
    } else if ("answer" in message) {
      this.#answered(message.answer, message);
    } else if ("failed" in message) {
      this.#failAll(notStarted(message.failed));
    } else if ("event" in message) {
      this.#sink?.event(message.event);
    } else if ("listening" in message) {
      this.#sink?.listening();
    } else {
      this.#sink?.failed(notStarted(message.refused));
    }
    this.#pump();
  }

  #answered(id: number, answer: Answer): void {
    const request = this.#inFlight.get(id);
    if (!request) return;
    clearTimeout(request.timer);
    this.#inFlight.delete(id);
    if (familyGone(answer) && request.tries < MOST_TRIES) {
      // Nothing was done; the next helper finds the family's new number, or that there is none.
      this.#queue.unshift(request);
      this.#ready = false;
      this.#helper?.kill();
      return;
    }
    if (!(request.whole && answer.interrupted) || answer.errno !== 0) request.done(answer);
    else if (request.tries < MOST_DUMPS) this.#queue.unshift(request);
    else
      request.failed(
        new NetlinkError(
          "EINTR",
          `${request.operation}: what it lists has changed under it each of ${MOST_DUMPS} times`,
          {
            hint: "ask again",
          },
        ),
      );
  }

  #ended(how: string): void {
    const lived = this.#ready && performance.now() - this.#readyAt > PROVEN_MS;
    if (lived) this.#starts = 1;
    this.#helper = undefined;
    this.#ready = false;
    clearTimeout(this.#startLimit);
    for (const request of [...this.#inFlight.values()].reverse()) this.#lost(request, how);
    this.#inFlight.clear();
    if (this.#closed) return;
    if (this.#starts >= MOST_STARTS) {
      this.#failAll(helperFailed(this.#starts, how));
      return;
    }
    const idle = !this.#started && this.#queue.length === 0 && this.#sink === undefined;
    if (idle) return;
    const delay = Math.min(FIRST_DELAY_MS * 2 ** (this.#starts - 1), LONGEST_DELAY_MS);
    this.#restart = setTimeout(() => this.#start(), delay);
  }

  #lost(request: Waiting & { timer: NodeJS.Timeout }, how: string): void {
    clearTimeout(request.timer);
    if (request.reads && request.tries < MOST_TRIES) this.#queue.unshift(request);
    else request.failed(helperLost(request.operation, how, request.reads));
  }

  /** Whoever waits is told, and the next request starts from the beginning. */
  #failAll(error: NetlinkError): void {
    const waiting = [...this.#inFlight.values(), ...this.#queue];
    for (const { timer } of this.#inFlight.values()) clearTimeout(timer);
    this.#inFlight.clear();
    this.#queue.length = 0;
    this.#starts = 0;
    this.#started?.failed(error);
    this.#started = undefined;
    const sink = this.#sink;
    this.#sink = undefined;
    sink?.failed(error);
    for (const { failed } of waiting) failed(error);
  }
}

/** What livestack.ko itself does not find comes with a sentence. */
function familyGone({ errno, messages }: Answer): boolean {
  return errno === constants.errno.ENOENT && messages.length === 0;
}
