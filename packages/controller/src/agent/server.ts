// SPDX-License-Identifier: Apache-2.0
// Carries the agent's protocol over a Unix socket: a request and its answer are a line of JSON each.
// Answers may overtake each other.
import { rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import type * as z from "zod";
import { listenForGroup } from "../host/livestack-group.js";
import { LivestackError } from "../livestack-error.js";
import { LineSplitter } from "./line-splitter.js";
import { type Handlers, requestLine, type VerbName, verbs } from "./protocol.js";

export class AgentServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param path of the socket; members of group livestack may connect
   * @param token who knows it may ask for what is control
   */
  static async listen(path: string, handlers: Handlers, token: string): Promise<AgentServer> {
    // Of a livestack that was killed: the folder is ours by now.
    rmSync(path, { force: true });
    const server = createServer();
    const agent = new AgentServer(server);
    server.on("connection", (socket) => agent.#serve(socket, handlers, token));
    await listenForGroup(server, path);
    return agent;
  }

  /** Who is connected hears nothing more. */
  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket, handlers: Handlers, token: string): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    const asker = new Asker(handlers, token);
    const lines = new LineSplitter();
    socket.on("data", (piece) => {
      try {
        for (const line of lines.push(piece))
          void asker.answer(line).then((answer) => socket.write(`${JSON.stringify(answer)}\n`));
      } catch {
        // A line without end: whoever it is speaks something else.
        socket.destroy();
      }
    });
  }
}

/** One connection, and what it may ask for. */
class Asker {
  readonly #handlers: Handlers;
  readonly #token: string;
  #isController = false;

  constructor(handlers: Handlers, token: string) {
    this.#handlers = handlers;
    this.#token = token;
  }

  async answer(line: string): Promise<object> {
    let id = 0;
    try {
      const request = requestLine.parse(JSON.parse(line));
      id = request.id;
      return { id, answer: await this.#handle(request.verb, request.params) };
    } catch (thrown) {
      const { code, message, place, hint } = LivestackError.from(
        isBadInput(thrown) ? bad(thrown) : thrown,
      );
      return { id, error: { code, message, ...(place && { place }), ...(hint && { hint }) } };
    }
  }

  async #handle(name: string, params: unknown): Promise<unknown> {
    if (!Object.hasOwn(verbs, name))
      throw new LivestackError("BAD_REQUEST", `the agent knows no ${name}`, {
        hint: "use programs of one release on one machine",
      });
    const verb = verbs[name as VerbName];
    if (verb.control && !this.#isController)
      throw new LivestackError(
        "NO_PRIVILEGE",
        `only the session's own livestack may ask for ${name}`,
        {
          hint: "others may ask for hello, status and guest-exec",
        },
      );
    const decoded = verb.params.parse(params) as { token?: string };
    if (name === "hello" && decoded.token === this.#token) this.#isController = true;
    const handler = this.#handlers[name as VerbName] as (params: unknown) => Promise<unknown>;
    return (verb.answer as z.ZodType).encode(await handler(decoded));
  }
}

function isBadInput(thrown: unknown): thrown is Error {
  return thrown instanceof SyntaxError || (thrown instanceof Error && thrown.name === "ZodError");
}

function bad(cause: Error): LivestackError {
  return new LivestackError("BAD_REQUEST", "it is not of the agent's protocol", {
    place: cause.message.replace(/\s+/g, " ").slice(0, 300),
    hint: "docs/run.md has the protocol",
  });
}
