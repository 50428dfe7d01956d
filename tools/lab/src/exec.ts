// SPDX-License-Identifier: Apache-2.0
import { connect, type Socket } from "node:net";
import { Readable, Writable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { getSystemErrorName } from "node:util";
import { ExitStatus, LabError } from "./errors.js";
import { hostFiles } from "./machine.js";
import { labDir } from "./paths.js";
import {
  CHUNK_BYTES,
  type Command,
  encodeFrame,
  encodeOpen,
  type Frame,
  FrameReader,
  FrameType,
  MAX_FRAME_BYTES,
  WINDOW_BYTES,
  wordAt,
  words,
} from "./protocol.js";
import { findHost } from "./state.js";

/** How a command ended; `signal` is 0 unless a signal ended it. */
export interface ExitResult {
  status: number;
  signal: number;
}

/** Status that a shell would report: the command's own, or 128 + the signal that ended it. */
export function shellStatus({ status, signal }: ExitResult): number {
  return signal ? 128 + signal : status;
}

/** Raised when the command itself could not be started; `status` is the one a shell would give. */
export class CannotRunError extends Error {
  readonly shellStatus: number;

  constructor(host: string, what: string, errno: number) {
    const code = getSystemErrorName(-errno);
    super(`${host}: cannot run ${what}: ${code}`);
    this.name = "CannotRunError";
    this.shellStatus = code === "ENOENT" ? 127 : 126;
  }
}

/** Output that is acknowledged as it is read, so that at most one window of it waits here. */
class OutputStream extends Readable {
  readonly #waiting: Buffer[] = [];
  readonly #acknowledge: (bytes: number) => void;
  #wanted = false;
  #ended = false;

  constructor(acknowledge: (bytes: number) => void) {
    super({ highWaterMark: CHUNK_BYTES });
    this.#acknowledge = acknowledge;
  }

  arrive(piece: Buffer): void {
    this.#waiting.push(piece);
    if (this.#wanted) this._read();
  }

  end(): void {
    this.#ended = true;
    if (this.#wanted) this._read();
  }

  override _read(): void {
    const piece = this.#waiting.shift();
    this.#wanted = piece === undefined;
    if (piece === undefined) {
      if (this.#ended) this.push(null);
      return;
    }
    this.#acknowledge(piece.length);
    this.push(piece);
  }

  /** Nobody reads this stream any more: what still comes is taken and dropped. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#waiting.length = 0;
    done(error);
  }
}

/** A command that runs in a lab host. */
export class RemoteCommand {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /**
   * Settles when the command has ended.
   * @throws CannotRunError if it could not be started
   * @throws LabError HOST_GONE if its host ended meanwhile
   */
  readonly exit: Promise<ExitResult>;

  readonly #host: string;
  readonly #socket: Socket;
  readonly #stdout: OutputStream;
  readonly #stderr: OutputStream;
  #credit = WINDOW_BYTES;
  #onCredit: (() => void) | undefined;
  #settle!: { done: (result: ExitResult) => void; failed: (error: Error) => void };

  /** @param open what encodeOpen made of the command */
  constructor(host: string, socket: Socket, open: Buffer) {
    this.#host = host;
    this.#socket = socket;
    const acknowledge = (bytes: number) => this.#send(FrameType.CREDIT, words(bytes));
    this.#stdout = new OutputStream(acknowledge);
    this.#stderr = new OutputStream(acknowledge);
    this.stdout = this.#stdout;
    this.stderr = this.#stderr;
    this.stdin = new Writable({
      write: (piece: Buffer, _encoding, done) => this.#sendInput(piece, done),
      final: (done) => {
        this.#send(FrameType.INPUT, Buffer.alloc(0));
        done();
      },
    });
    this.exit = new Promise((done, failed) => {
      this.#settle = { done, failed };
    });
    const reader = new FrameReader();
    socket.on("data", (piece) => {
      for (const frame of reader.push(piece)) this.#take(frame);
    });
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.#fail(goneError(host, "the lab was taken down")));
    this.#send(FrameType.OPEN, open);
  }

  /** Sends a signal to the command's whole process group. */
  kill(signal: number): void {
    this.#send(FrameType.SIGNAL, words(signal));
  }

  resize(rows: number, columns: number): void {
    this.#send(FrameType.RESIZE, words(rows, columns));
  }

  /** Stops waiting; what the command started is killed. */
  hangUp(): void {
    this.#socket.destroy();
  }

  #send(type: number, payload: Buffer): void {
    if (this.#socket.writable) this.#socket.write(encodeFrame(0, type, payload));
  }

  #sendInput(piece: Buffer, done: (error?: Error | null) => void): void {
    if (!this.#socket.writable) {
      done();
      return;
    }
    if (this.#credit === 0) {
      this.#onCredit = () => this.#sendInput(piece, done);
      return;
    }
    const part = piece.subarray(0, Math.min(this.#credit, CHUNK_BYTES));
    this.#credit -= part.length;
    this.#send(FrameType.INPUT, part);
    if (part.length === piece.length) done();
    else this.#sendInput(piece.subarray(part.length), done);
  }

  #take(frame: Frame): void {
    const { payload } = frame;
    if (frame.type === FrameType.OUTPUT) this.#arrive(this.#stdout, payload);
    else if (frame.type === FrameType.ERROUT) this.#arrive(this.#stderr, payload);
    else if (frame.type === FrameType.CREDIT) {
      this.#credit += wordAt(payload, 0);
      const go = this.#onCredit;
      this.#onCredit = undefined;
      go?.();
    } else if (frame.type === FrameType.EXIT) {
      this.#settle.done({ status: wordAt(payload, 0), signal: wordAt(payload, 1) });
      this.#close();
    } else if (frame.type === FrameType.FAIL) {
      const errno = wordAt(payload, 0);
      const what = payload.subarray(4).toString();
      this.#fail(errno ? new CannotRunError(this.#host, what, errno) : goneError(this.#host, what));
    }
  }

  #arrive(stream: OutputStream, piece: Buffer): void {
    if (stream.destroyed) this.#send(FrameType.CREDIT, words(piece.length));
    else stream.arrive(piece);
  }

  #fail(error: Error): void {
    this.#settle.failed(error);
    this.#close();
  }

  #close(): void {
    this.#stdout.end();
    this.#stderr.end();
    const go = this.#onCredit;
    this.#onCredit = undefined;
    this.#socket.end();
    go?.();
  }
}

function goneError(host: string, reason: string): LabError {
  return new LabError(
    ExitStatus.HOST_GONE,
    reason.includes(host) ? reason : `host ${host}: ${reason}`,
    "`lab ls` shows what runs, `lab logs HOST` the console",
  );
}

/** Directory and environment that a command gets unless told otherwise. */
export function defaultContext(root: "host" | "debian"): Pick<Command, "directory" | "env"> {
  const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  const fixed = { USER: "root", LANG: "C.UTF-8" };
  if (root === "debian")
    return { directory: "/root", env: { ...fixed, PATH: path, HOME: "/root" } };
  // It is this machine's root: programs and the checkout are where they are here.
  const { PATH = path, HOME = "/root" } = process.env;
  return { directory: process.cwd(), env: { ...fixed, PATH: `${PATH}:${path}`, HOME } };
}

export type CommandRequest = Pick<Command, "argv"> & Partial<Command>;

/**
 * Starts a command in a running host.
 * @throws LabError NO_SUCH_LAB, or HOST_GONE if the host has ended
 */
export async function startCommand(
  hostName: string,
  request: CommandRequest,
): Promise<RemoteCommand> {
  const found = findHost(hostName);
  if (!found)
    throw new LabError(
      ExitStatus.NO_SUCH_LAB,
      `${hostName}: no such lab host`,
      "`lab ls` lists them; `lab up --name NAME` starts NAME1",
    );
  const { lab, host } = found;
  if (host.phase === "gone") throw goneError(hostName, host.reason ?? "it has ended");
  const context = defaultContext(lab.spec.root);
  const command: Command = { ...context, ...request, env: { ...context.env, ...request.env } };
  const open = encodeOpen(command);
  if (open.length > MAX_FRAME_BYTES)
    throw new LabError(
      ExitStatus.USAGE,
      `exec: arguments and environment of ${open.length} bytes, of which ${MAX_FRAME_BYTES} can be sent`,
      "pass the bulk through standard input or a file",
    );
  const { exec } = hostFiles(labDir(lab.spec.name), host.index);
  const socket = await new Promise<Socket>((done, failed) => {
    const attempt = connect(exec);
    attempt.once("connect", () => done(attempt));
    attempt.once("error", () => failed(goneError(hostName, "it does not answer")));
  });
  return new RemoteCommand(hostName, socket, open);
}

export interface ExecResult extends ExitResult {
  stdout: Buffer;
  stderr: Buffer;
}

/** Runs a command to its end and collects what it prints. */
export async function exec(
  hostName: string,
  argv: readonly string[],
  options: Partial<Omit<Command, "argv">> & { input?: string | Buffer } = {},
): Promise<ExecResult> {
  const { input, ...rest } = options;
  const command = await startCommand(hostName, { argv, ...rest });
  command.stdin.on("error", () => {});
  command.stdin.end(input ?? "");
  const [stdout, stderr, exit] = await Promise.all([
    buffer(command.stdout),
    buffer(command.stderr),
    command.exit,
  ]);
  return { ...exit, stdout, stderr };
}
