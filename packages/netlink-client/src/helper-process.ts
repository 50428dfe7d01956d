// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { FromHelper, ToHelper } from "./helper-protocol.js";

const HELPER = fileURLToPath(new URL("./helper.js", import.meta.url));
/** Of what the helper writes to standard error, the end is kept for the message of its failure. */
const LAST_WORDS = 1_000;

export interface HelperOptions {
  /** Receive and send buffer of each of its sockets. */
  bufferBytes: number;
  /** The program, for tests that play a broken one. */
  program?: string;
}

export interface HelperListener {
  message(message: FromHelper): void;
  /** It has ended; nothing comes after this. @param how "signal SIGABRT: ..." */
  end(how: string): void;
}

/** One life of the helper process. It ends with this process, whatever ends that. */
export class HelperProcess {
  readonly pid: number | undefined;
  /** Settles when it has ended and has been reaped. */
  readonly ended: Promise<void>;

  readonly #child: ChildProcess;
  #held = true;

  constructor({ bufferBytes, program = HELPER }: HelperOptions, listener: HelperListener) {
    const { NODE_OPTIONS: _, ...env } = process.env; // a debugger's port, say, is taken by us
    this.#child = fork(program, [String(bufferBytes)], {
      serialization: "advanced",
      execArgv: [],
      env,
      cwd: "/",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.pid = this.#child.pid;
    let words = "";
    this.#child.stderr?.on("data", (piece: Buffer) => {
      words = `${words}${piece}`.slice(-LAST_WORDS);
    });
    this.#child.on("message", (message) => listener.message(message as FromHelper));
    this.ended = new Promise((done) => {
      const end = (how: string) => {
        listener.end(words.trim() === "" ? how : `${how}: ${words.trim()}`);
        done();
      };
      // Without a process there is no exit, only this error.
      this.#child.once("error", (error) => {
        if (this.#child.pid === undefined) end(error.message);
      });
      // Node sends no "close" after a disconnect of ours; its last words may come after its exit.
      const silent = new Promise((closed) => this.#child.stderr?.once("close", closed));
      this.#child.once("exit", async (status, signal) => {
        await silent;
        end(signal ? `signal ${signal}` : `status ${status}`);
      });
    });
  }

  send(message: ToHelper): void {
    // If it has just died, its end is already on the way and deals with all that was asked of it.
    if (this.#child.connected) this.#child.send(message, () => {});
  }

  /** Whether this process stays alive because of the helper. */
  hold(held: boolean): void {
    if (this.#held === held) return;
    this.#held = held;
    const each = [this.#child, this.#child.channel, this.#child.stderr as unknown as Refable];
    for (const handle of each) held ? handle?.ref() : handle?.unref();
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  close(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

interface Refable {
  ref(): void;
  unref(): void;
}
