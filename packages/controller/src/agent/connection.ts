// SPDX-License-Identifier: Apache-2.0
// The other end of the agent's socket.
import { connect, type Socket } from "node:net";
import type * as z from "zod";
import { codeOf } from "../code-of.js";
import { ERROR_STATUS, type ErrorCode } from "../exit-status.js";
import { LivestackError } from "../livestack-error.js";
import { LineSplitter } from "./line-splitter.js";
import {
  AGENT_PROTOCOL,
  type Answer,
  answerLine,
  type Params,
  type VerbName,
  verbs,
} from "./protocol.js";
import type { SessionAgent } from "./session-agent.js";

interface Asked {
  verb: z.ZodType;
  done: (answer: unknown) => void;
  failed: (error: LivestackError) => void;
}

export class AgentConnection implements SessionAgent {
  readonly hello: Answer<"hello">;
  readonly #wire: Wire;

  private constructor(wire: Wire, hello: Answer<"hello">) {
    this.#wire = wire;
    this.hello = hello;
  }

  /**
   * @param token for what only the session's own livestack may ask
   * @throws LivestackError AGENT_SILENT, NO_PRIVILEGE
   */
  static async open(path: string, token?: string): Promise<AgentConnection> {
    const wire = new Wire(await connected(path), path);
    const hello = await wire.ask("hello", {
      version: AGENT_PROTOCOL,
      ...(token !== undefined && { token }),
    });
    return new AgentConnection(wire, hello);
  }

  /** @throws LivestackError what the agent says, or AGENT_SILENT when it goes away first */
  ask<Name extends VerbName>(name: Name, params: Params<Name>): Promise<Answer<Name>> {
    return this.#wire.ask(name, params);
  }

  close(): void {
    this.#wire.close();
  }
}

class Wire {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #asked = new Map<number, Asked>();
  readonly #lines = new LineSplitter();
  #count = 0;
  #lost = false;

  constructor(socket: Socket, path: string) {
    this.#socket = socket;
    this.#path = path;
    socket.on("data", (piece) => {
      for (const line of this.#lines.push(piece)) this.#take(line);
    });
    socket.on("error", () => this.close());
    socket.on("close", () => this.close());
  }

  ask<Name extends VerbName>(name: Name, params: Params<Name>): Promise<Answer<Name>> {
    const verb: { params: z.ZodType; answer: z.ZodType } = verbs[name];
    return new Promise((done, failed) => {
      if (this.#lost) return failed(silent(this.#path));
      const id = ++this.#count;
      const taken = done as (answer: unknown) => void;
      this.#asked.set(id, { verb: verb.answer, done: taken, failed });
      const line = { id, verb: name, params: verb.params.encode(params) };
      this.#socket.write(`${JSON.stringify(line)}\n`);
    });
  }

  close(): void {
    this.#lost = true;
    this.#socket.destroy();
    for (const { failed } of this.#asked.values()) failed(silent(this.#path));
    this.#asked.clear();
  }

  #take(text: string): void {
    const line = answerLine.parse(JSON.parse(text));
    const asked = this.#asked.get(line.id);
    this.#asked.delete(line.id);
    if ("answer" in line) asked?.done(asked.verb.parse(line.answer));
    else asked?.failed(asError(line.error));
  }
}

function asError(told: {
  code: string;
  message: string;
  place?: string | undefined;
  hint?: string | undefined;
}) {
  const { code, message, place, hint } = told;
  // A newer agent may have a code that we have not.
  const known = Object.hasOwn(ERROR_STATUS, code) ? (code as ErrorCode) : "AGENT_SILENT";
  return new LivestackError(known, message, {
    ...(place !== undefined && { place }),
    ...(hint !== undefined && { hint }),
  });
}

function connected(path: string): Promise<Socket> {
  return new Promise((done, failed) => {
    const socket = connect(path);
    socket.once("connect", () => done(socket));
    socket.once("error", (error) => failed(notReached(path, error)));
  });
}

function notReached(path: string, cause: Error): LivestackError {
  if (codeOf(cause) === "EACCES")
    return new LivestackError("NO_PRIVILEGE", "this user may not speak to the session's agent", {
      place: path,
      hint: "be root, or a member of group livestack",
    });
  return silent(path);
}

function silent(path: string): LivestackError {
  return new LivestackError("AGENT_SILENT", "the session's agent does not answer, or has ended", {
    place: path,
    hint: "`livestack ls` shows what runs; `livestack adopt` takes over what a killed one has left",
  });
}
