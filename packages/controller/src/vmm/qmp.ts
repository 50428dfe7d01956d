// SPDX-License-Identifier: Apache-2.0
// QEMU's machine protocol: commands to a VMM, and what it says unasked.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import { codeOf } from "../code-of.js";
import { LivestackError } from "../livestack-error.js";

const RETRY_MS = 20;

const message = z.object({
  QMP: z.unknown().optional(),
  return: z.unknown().optional(),
  error: z.object({ class: z.string(), desc: z.string() }).optional(),
  event: z.string().optional(),
  data: z.record(z.string(), z.unknown()).optional(),
});

export interface QmpEvent {
  /** SHUTDOWN, RESET, GUEST_PANICKED, ... */
  event: string;
  data: Record<string, unknown>;
}

interface Asked {
  done: (value: unknown) => void;
  failed: (error: LivestackError) => void;
}

/** Answers come in the order of the commands. */
export class Qmp {
  /** settles when all that it said has been read and the connection has ended */
  readonly closed: Promise<void>;
  #onClosed: () => void = () => {};
  readonly #socket: Socket;
  readonly #path: string;
  readonly #asked: Asked[] = [];
  readonly #onEvent: (event: QmpEvent) => void;
  #text = "";
  #lost: LivestackError | undefined;

  private constructor(socket: Socket, path: string, onEvent: (event: QmpEvent) => void) {
    this.#socket = socket;
    this.#path = path;
    this.#onEvent = onEvent;
    this.closed = new Promise((done) => {
      this.#onClosed = done;
    });
    socket.setEncoding("utf8");
    socket.on("data", (piece: string) => this.#take(piece));
    socket.on("error", () => this.#end());
    socket.on("close", () => this.#end());
  }

  /**
   * Connects to a VMM that may still be about to make its socket.
   * @throws LivestackError VMM_SILENT once `signal` aborts
   */
  static async connect(
    path: string,
    signal: AbortSignal,
    onEvent: (event: QmpEvent) => void,
  ): Promise<Qmp> {
    for (;;) {
      const socket = await attempt(path);
      if (socket) {
        const qmp = new Qmp(socket, path, onEvent);
        const giveUp = () => qmp.close();
        signal.addEventListener("abort", giveUp);
        try {
          await qmp.ask("qmp_capabilities");
        } finally {
          signal.removeEventListener("abort", giveUp);
        }
        return qmp;
      }
      if (signal.aborted) throw silent(path);
      await sleep(RETRY_MS);
    }
  }

  /** @throws LivestackError VMM_SILENT when the connection ends first, VMM_REFUSED */
  ask(execute: string, args?: Record<string, unknown>): Promise<unknown> {
    return new Promise((done, failed) => {
      if (this.#lost) return failed(this.#lost);
      this.#asked.push({ done, failed });
      this.#socket.write(`${JSON.stringify({ execute, ...(args && { arguments: args }) })}\n`);
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#end();
  }

  #take(piece: string): void {
    const lines = (this.#text + piece).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") this.#handle(line);
  }

  #handle(line: string): void {
    const { success, data: said } = message.safeParse(parsed(line));
    if (!success || said.QMP !== undefined) return;
    if (said.event !== undefined) {
      this.#onEvent({ event: said.event, data: said.data ?? {} });
      return;
    }
    const asked = this.#asked.shift();
    if (said.error === undefined) asked?.done(said.return);
    else
      asked?.failed(
        new LivestackError("VMM_REFUSED", said.error.desc, {
          place: this.#path,
          hint: "QEMU's own words; its log is beside the console's in the run folder",
        }),
      );
  }

  #end(): void {
    this.#lost ??= silent(this.#path);
    this.#onClosed();
    for (const { failed } of this.#asked.splice(0)) failed(this.#lost);
  }
}

function attempt(path: string): Promise<Socket | undefined> {
  return new Promise((done, failed) => {
    const socket = connect(path);
    socket.once("connect", () => done(socket));
    socket.once("error", (error) => {
      const code = codeOf(error);
      if (code === "ENOENT" || code === "ECONNREFUSED") done(undefined);
      else failed(error);
    });
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

function silent(path: string): LivestackError {
  return new LivestackError("VMM_SILENT", "the VMM does not answer, or has ended", {
    place: path,
    hint: "its log is beside the console's in the run folder",
  });
}
