// SPDX-License-Identifier: Apache-2.0
// livestack.agent.v1 as a controller serves it: the one stream of each host.
import type { AgentServiceServer, ConnectRequest, Reply, ReplyPiece } from "@livestack/proto/agent";
import { statusOf } from "../cluster/rpc-error.js";
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { callerOf } from "./caller.js";
import type { DaemonLog } from "./daemon-log.js";
import { type AgentStream, HostLink } from "./host-link.js";
import type { Host, Hosts } from "./hosts.js";

export interface ReplySink {
  reply(host: string, reply: Reply): void;
  replyPiece(piece: ReplyPiece): void;
}

export interface AgentServiceParts {
  hosts: Hosts;
  sink: ReplySink;
  log: DaemonLog;
  /** milliseconds in which an agent has to have said hello */
  helloMs: number;
}

export function agentService(parts: AgentServiceParts): AgentServiceServer {
  return { connect: (stream) => serve(stream, parts) };
}

function serve(stream: AgentStream, parts: AgentServiceParts): void {
  let session: AgentSession | undefined;
  const refuse = (error: unknown) => {
    const { code, message } = LivestackError.from(error);
    parts.log.once(peerOf(stream), code, `refused: ${message} [${code}]`);
    stream.emit("error", statusOf(error));
  };
  const timer = setTimeout(() => refuse(notOfProtocol("it has not said hello")), parts.helloMs);
  stream.on("data", (request: ConnectRequest) => {
    try {
      if (session) session.take(request);
      else session = AgentSession.begin(stream, request, parts);
      clearTimeout(timer);
    } catch (error) {
      refuse(error);
    }
  });
  const ended = (why: string) => {
    clearTimeout(timer);
    session?.end(why);
  };
  stream.on("error", (error) => ended(error.message));
  stream.on("cancelled", () => ended("its connection was lost"));
  stream.on("end", () => {
    ended("it has ended the connection");
    stream.end();
  });
}

class AgentSession {
  readonly #host: Host;
  readonly #link: HostLink;
  readonly #parts: AgentServiceParts;
  #farewell: string | undefined;

  private constructor(host: Host, link: HostLink, parts: AgentServiceParts) {
    this.#host = host;
    this.#link = link;
    this.#parts = parts;
  }

  static begin(
    stream: AgentStream,
    { message }: ConnectRequest,
    parts: AgentServiceParts,
  ): AgentSession {
    const { hosts, log } = parts;
    const { role, name } = callerOf(stream);
    if (role !== "agent")
      throw new LivestackError("NO_PRIVILEGE", `a ${role} is no agent of a host`, {
        place: `${role} ${name}`,
        hint: `livestack pki issue agent HOST`,
      });
    if (message?.$case !== "hello") throw notOfProtocol("hello comes first");
    const link = new HostLink(stream, message.value);
    const host = hosts.accept(name, message.value, link);
    log.forget(peerOf(stream));
    link.welcome(programVersion(), hosts.beatMs);
    hosts.announce(host);
    return new AgentSession(host, link, parts);
  }

  take({ message }: ConnectRequest): void {
    const { hosts, sink } = this.#parts;
    hosts.heard(this.#host, message?.$case === "health" ? message.value : undefined);
    switch (message?.$case) {
      case "reply":
        sink.reply(this.#host.name, message.value);
        return;
      case "replyPiece":
        sink.replyPiece(message.value);
        return;
      case "goodbye":
        this.#farewell = message.value.why;
        return;
      case "hello":
        throw notOfProtocol("hello is said once");
      default:
        // Health, or what a newer agent has to say.
        return;
    }
  }

  end(why: string): void {
    this.#parts.hosts.left(this.#host, this.#link, this.#farewell ?? why);
  }
}

/** Who it is where that is known, else where it comes from. */
function peerOf(stream: AgentStream): string {
  try {
    const { role, name } = callerOf(stream);
    return `${role} ${name}`;
  } catch {
    return stream.getPeer().replace(/:\d+$/, "");
  }
}

function notOfProtocol(what: string): LivestackError {
  return new LivestackError("BAD_REQUEST", what, {
    place: "livestack.agent.v1",
    hint: "only `livestack agent` is to speak here",
  });
}
