// SPDX-License-Identifier: Apache-2.0
// One connected agent, as its controller has it.
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { Call, ConnectRequest, ConnectResponse, Hello } from "@livestack/proto/agent";
import { statusOf } from "../cluster/rpc-error.js";

export type AgentStream = ServerDuplexStream<ConnectRequest, ConnectResponse>;

export class HostLink {
  readonly hello: Hello;
  readonly #stream: AgentStream;

  constructor(stream: AgentStream, hello: Hello) {
    this.#stream = stream;
    this.hello = hello;
  }

  get isOpen(): boolean {
    return !this.#stream.cancelled && this.#stream.writable;
  }

  call(call: Call): void {
    this.#write({ message: { $case: "call", value: call } });
  }

  welcome(version: string, beatMs: number): void {
    this.#write({ message: { $case: "welcome", value: { version, beatMs } } });
  }

  goodbye(why: string): void {
    this.#write({ message: { $case: "goodbye", value: { why } } });
    this.#stream.end();
  }

  /** Ends it with an error, which its agent gets to read. */
  refuse(error: unknown): void {
    this.#stream.emit("error", statusOf(error));
  }

  #write(message: ConnectResponse): void {
    // What is not taken any more is asked again by whoever wants to know, once the agent is back.
    if (this.isOpen) this.#stream.write(message);
  }
}
