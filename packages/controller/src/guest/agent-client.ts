// SPDX-License-Identifier: Apache-2.0
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { codeOf } from "../code-of.js";
import { AgentError, AgentErrorCode } from "./agent-error.js";
import { AGENT_VERSION, encodeRequest, type FieldValue, LineReader, Reply } from "./agent-line.js";

/** Bytes of a file that go in one request. */
export const PIECE_BYTES = 512 << 10;
const SOCKET_RETRY_MS = 10;

export interface ConnectOptions {
  /** gives up waiting */
  signal?: AbortSignal;
  /** the VMM has just been started: wait for it to make the socket */
  vmmStarts?: boolean;
}

/** What the agent says of itself when a client connects. */
export interface AgentHello {
  version: number;
  /** differs after every boot of the guest */
  bootId: string;
  /** the guest's CLOCK_MONOTONIC */
  monotonicNs: bigint;
  /** runs that go on, by id */
  running: string[];
  /** runs that have ended and whose result nobody has taken yet */
  ended: string[];
}

export interface GuestCommand {
  /** the program, searched for in the guest's PATH, and its arguments; or a line for its /bin/sh */
  run: readonly string[] | string;
  /** on top of the agent's environment */
  env?: Readonly<Record<string, string>>;
  /** default: / */
  directory?: string;
  /** a run that has not been forgotten: once it has ended, a newline comes on standard input */
  after?: string;
  /** bytes kept of each of its two streams; default 1 MiB, at most 16 MiB */
  keepBytes?: number;
  /** is called with its result before the guest forgets that, to have it kept elsewhere */
  onEnded?: OnEnded;
}

export type OnEnded = (id: string, result: RunResult) => void;

/** How a command ended; exactly one of `exit` and `signal` is there. */
export interface RunResult {
  exit?: number;
  signal?: number;
  /** the guest's CLOCK_MONOTONIC when it was started and when it had ended */
  startNs: bigint;
  endNs: bigint;
  stdout: Buffer;
  stderr: Buffer;
  /** bytes written beyond what is kept */
  stdoutLost: bigint;
  stderrLost: bigint;
}

export interface FilePiece {
  data: Buffer;
  offset: number;
  /** the file gets its mode and name with it */
  last: boolean;
  mode: number;
}

export interface GuestRun {
  /** for adopt() by a later client */
  id: string;
  /** @throws AgentError ENOENT and the like when it could not be started; CONNECTION_LOST, RESTARTED */
  result: Promise<RunResult>;
}

interface Pending {
  kind: "ok" | "ended";
  done: (reply: Reply) => void;
  failed: (error: AgentError) => void;
}

/**
 * Speaks with the agent of one guest over the Unix socket of its virtio-serial port. Every promise
 * it gives is rejected with an AgentError when the connection breaks; runs go on in the guest, and
 * their results wait there for a client that adopts them.
 */
export class AgentClient {
  readonly hello: AgentHello;
  /** settles with the reason when the connection has ended */
  readonly closed: Promise<AgentError>;

  readonly #channel: Channel;

  private constructor(channel: Channel, reply: Reply) {
    this.#channel = channel;
    this.closed = channel.closed;
    this.hello = {
      version: Number(reply.integer("version")),
      bootId: reply.text("boot"),
      monotonicNs: reply.integer("monotonic_ns"),
      running: reply.list("running"),
      ended: reply.list("ended"),
    };
  }

  /**
   * Connects, and resolves when the agent has answered: in a guest that still boots when it is up.
   * @param path the socket, which takes one client at a time
   * @throws AgentError CONNECTION_LOST, ABORTED, VERSION, PROTOCOL
   */
  static async connect(path: string, options: ConnectOptions = {}): Promise<AgentClient> {
    for (;;) {
      try {
        return await AgentClient.#attempt(path, options.signal);
      } catch (error) {
        if (!options.vmmStarts || !isNotThereYet(error)) throw error;
        await sleep(SOCKET_RETRY_MS);
      }
    }
  }

  static async #attempt(path: string, signal?: AbortSignal): Promise<AgentClient> {
    const channel = new Channel(path);
    const giveUp = () =>
      channel.fail(new AgentError(AgentErrorCode.ABORTED, `${path}: no answer from the guest yet`));
    signal?.addEventListener("abort", giveUp);
    if (signal?.aborted) giveUp();
    try {
      return new AgentClient(channel, await channel.greet());
    } catch (error) {
      channel.close();
      throw error;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  /** Starts a command; its one answer comes when it has ended. */
  run(command: GuestCommand): GuestRun {
    const { run, env = {}, directory, after, keepBytes, onEnded } = command;
    const bytes = (text: string) => Buffer.from(text);
    const fields = {
      ...(typeof run === "string" ? { sh: bytes(run) } : { arg: run.map(bytes) }),
      env: Object.entries(env).map(([key, value]) => bytes(`${key}=${value}`)),
      cwd: directory === undefined ? undefined : bytes(directory),
      after,
      keep: keepBytes,
    };
    return this.#channel.run(fields, onEnded);
  }

  /** Waits for a run that an earlier client started: one of hello.running or hello.ended. */
  adopt(id: string, onEnded?: OnEnded): GuestRun {
    return this.#channel.adopt(id, onEnded);
  }

  /**
   * Sends a signal to the whole process group of a run.
   * @throws AgentError NO_SUCH_RUN if it has ended
   */
  async kill(id: string, signal: number): Promise<void> {
    await this.#channel.ask("kill", { run: id, signal });
  }

  /** Writes a file, which shows under its name when it is whole. Not twice at once for one path. */
  async putFile(path: string, content: Buffer, mode = 0o644): Promise<void> {
    for (let offset = 0; ; offset += PIECE_BYTES) {
      const last = offset + PIECE_BYTES >= content.length;
      const data = content.subarray(offset, offset + PIECE_BYTES);
      await this.putPiece(path, { data, offset, last, mode });
      if (last) return;
    }
  }

  /** At most 512 KiB of a file, in their order. */
  async putPiece(path: string, piece: FilePiece): Promise<void> {
    const { data, offset, last, mode } = piece;
    await this.#channel.ask("put", {
      path: Buffer.from(path),
      mode: mode.toString(8),
      offset,
      last: last ? 1 : 0,
      data,
    });
  }

  /**
   * @param path of a regular file
   * @throws AgentError ENOENT, EISDIR, ...
   */
  async getFile(path: string): Promise<Buffer> {
    const pieces: Buffer[] = [];
    for (let offset = 0; ; ) {
      const { data, end } = await this.getPiece(path, offset);
      pieces.push(data);
      offset += data.length;
      if (end) return Buffer.concat(pieces);
    }
  }

  /** The next 512 KiB of a file from `offset` on; `end` is true with the last. */
  async getPiece(path: string, offset: number): Promise<{ data: Buffer; end: boolean }> {
    const fields = { path: Buffer.from(path), offset, length: PIECE_BYTES };
    const reply = await this.#channel.ask("get", fields);
    return { data: reply.bytes("data"), end: reply.integer("end") === 1n };
  }

  /**
   * Sets the guest's CLOCK_REALTIME, in ns since 1970.
   * @returns both clocks right afterwards
   */
  async setTime(realtimeNs: bigint): Promise<{ realtimeNs: bigint; monotonicNs: bigint }> {
    const reply = await this.#channel.ask("set-time", { realtime_ns: realtimeNs });
    return {
      realtimeNs: reply.integer("realtime_ns"),
      monotonicNs: reply.integer("monotonic_ns"),
    };
  }

  /** Has the guest begin to power off. */
  async shutdown(): Promise<void> {
    await this.#channel.ask("shutdown", {});
  }

  close(): void {
    this.#channel.close();
  }
}

/** One connection: requests and their answers, by id. */
class Channel {
  readonly closed: Promise<AgentError>;

  readonly #path: string;
  readonly #socket: Socket;
  readonly #reader = new LineReader();
  readonly #pending = new Map<string, Pending>();
  /** answers of runs that nobody here has asked for yet */
  readonly #unclaimed = new Map<string, Reply>();
  /** tells our ids from those of clients before us, which the guest may still know */
  readonly #prefix = randomBytes(6).toString("hex");
  #count = 0;
  #greeted = false;
  #lost: AgentError | undefined;
  #onLost: (error: AgentError) => void = () => {};

  constructor(path: string) {
    this.#path = path;
    this.closed = new Promise((done) => {
      this.#onLost = done;
    });
    this.#socket = connect(path);
    this.#socket.on("data", (piece) => this.#take(piece));
    this.#socket.on("error", (cause) =>
      this.fail(new AgentError(AgentErrorCode.CONNECTION_LOST, cause.message, { cause })),
    );
    this.#socket.on("close", () => this.fail(this.#gone("the guest's VMM closed it")));
  }

  /** What an earlier client may have left half said is ended by the newline before our hello. */
  greet(): Promise<Reply> {
    this.#socket.write("\n");
    return this.ask("hello", { version: AGENT_VERSION });
  }

  ask(verb: string, fields: Record<string, FieldValue | undefined>): Promise<Reply> {
    return this.#send(this.#nextId(), "ok", verb, fields);
  }

  run(fields: Record<string, FieldValue | undefined>, onEnded?: OnEnded): GuestRun {
    const id = this.#nextId();
    return this.#asRun(id, this.#send(id, "ended", "run", fields), onEnded);
  }

  adopt(id: string, onEnded?: OnEnded): GuestRun {
    const reply = this.#unclaimed.get(id);
    this.#unclaimed.delete(id);
    if (reply) return this.#asRun(id, Promise.resolve(reply), onEnded);
    return this.#asRun(id, this.#expect(id, "ended"), onEnded);
  }

  close(): void {
    this.fail(this.#gone("it was closed here"));
  }

  /** Ends the connection; the first reason counts. */
  fail(error: AgentError): void {
    if (this.#lost) return;
    this.#lost = error;
    this.#socket.destroy();
    for (const { failed } of this.#pending.values()) failed(error);
    this.#pending.clear();
    this.#onLost(error);
  }

  #gone(why: string): AgentError {
    const text = `${this.#path}: the connection to the guest's agent has ended: ${why}`;
    return new AgentError(AgentErrorCode.CONNECTION_LOST, text);
  }

  #nextId(): string {
    return `${this.#prefix}-${++this.#count}`;
  }

  #expect(id: string, kind: Pending["kind"]): Promise<Reply> {
    return new Promise((done, failed) => {
      if (this.#lost) failed(this.#lost);
      else this.#pending.set(id, { kind, done, failed });
    });
  }

  #send(
    id: string,
    kind: Pending["kind"],
    verb: string,
    fields: Record<string, FieldValue | undefined>,
  ): Promise<Reply> {
    const reply = this.#expect(id, kind);
    if (!this.#lost) this.#socket.write(encodeRequest(id, verb, fields));
    return reply;
  }

  /** Once a result is here, the guest need not keep it. */
  #asRun(id: string, reply: Promise<Reply>, onEnded?: OnEnded): GuestRun {
    const result = reply.then((reply) => {
      const ended = runResult(reply);
      onEnded?.(id, ended);
      this.ask("forget", { run: id }).catch(() => {});
      return ended;
    });
    // Who started it may look later, or never.
    result.catch(() => {});
    return { id, result };
  }

  #take(piece: Buffer): void {
    try {
      for (const line of this.#reader.push(piece)) this.#handle(line);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      this.fail(error);
    }
  }

  #handle(line: string): void {
    const id = line.slice(0, line.indexOf(" "));
    // Until our hello is answered all that comes was meant for a client before us.
    if (!this.#greeted && !this.#pending.has(id)) return;
    this.#greeted = true;
    const reply = new Reply(line);
    if (reply.kind === "started") {
      const text = `${this.#path}: the guest's agent was started anew; what it was doing is lost`;
      this.fail(new AgentError(AgentErrorCode.RESTARTED, text));
      return;
    }
    const pending = this.#pending.get(id);
    if (!pending) {
      if (reply.kind === "ended") this.#unclaimed.set(id, reply);
      return;
    }
    this.#pending.delete(id);
    if (reply.kind === pending.kind) pending.done(reply);
    else if (reply.kind === "error")
      pending.failed(new AgentError(reply.text("code"), reply.bytes("text").toString()));
    else pending.failed(new AgentError(AgentErrorCode.PROTOCOL, `${line.slice(0, 100)}: unasked`));
  }
}

/** The socket is made before somebody listens at it. */
function isNotThereYet(error: unknown): boolean {
  const code = error instanceof AgentError ? codeOf(error.cause) : undefined;
  return code === "ENOENT" || code === "ECONNREFUSED";
}

function runResult(reply: Reply): RunResult {
  return {
    ...(reply.has("exit")
      ? { exit: Number(reply.integer("exit")) }
      : { signal: Number(reply.integer("signal")) }),
    startNs: reply.integer("start_ns"),
    endNs: reply.integer("end_ns"),
    stdout: reply.bytes("stdout"),
    stderr: reply.bytes("stderr"),
    stdoutLost: reply.integer("stdout_lost"),
    stderrLost: reply.integer("stderr_lost"),
  };
}
