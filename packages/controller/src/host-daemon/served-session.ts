// SPDX-License-Identifier: Apache-2.0
// One session that this host's agent serves for a controller.
import { randomBytes } from "node:crypto";
import { mkdirSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { State } from "@livestack/netlink-client";
import { handlersOf } from "../agent/handlers.js";
import { HostAgent } from "../agent/host-agent.js";
import type { Handlers, Params } from "../agent/protocol.js";
import { AgentServer } from "../agent/server.js";
import { type CallVerb, paramsOf, type ReplyResult, resultOf } from "../cluster/typed-verbs.js";
import type { Context } from "../context.js";
import type { SessionState } from "../host/session-state.js";
import type { KernelClient } from "../kernel-client.js";
import { openKernel } from "../run/local-agent.js";
import { RunFolder } from "../run/run-folder.js";
import { makeSessionFolder, sessionFolder } from "./host-verbs.js";
import { placedIn } from "./session-paths.js";

const PAUSED_POLL_MS = 500;

export interface HostContext extends Context {
  /** where other hosts reach this one */
  address: () => Promise<string>;
}

export class ServedSession {
  readonly uuid: string;
  readonly folder: string;
  readonly #host: HostAgent;
  readonly #handlers: Handlers;
  readonly #server: AgentServer;

  private constructor(host: HostAgent, folder: string, server: AgentServer) {
    this.uuid = host.uuid;
    this.folder = folder;
    this.#host = host;
    this.#handlers = handlersOf(host);
    this.#server = server;
  }

  /** @throws LivestackError NOT_LOADED, NO_PRIVILEGE, MODULE_REFUSED */
  static async create(context: HostContext, uuid: string, name: string): Promise<ServedSession> {
    const kernel = await openKernel(context);
    return closingOnFailure(kernel, async () => {
      const host = HostAgent.create(kernel, context, { uuid, name, led: true });
      return ServedSession.#serve(host, makeSessionFolder(context.root, uuid));
    });
  }

  /** Goes on with one whose agent ended, once it does not stand still: its guests are to answer. */
  static async adopt(
    context: HostContext,
    state: SessionState,
    signal: AbortSignal,
  ): Promise<ServedSession> {
    const kernel = await openKernel(context);
    return closingOnFailure(kernel, async () => {
      await untilNotPaused(kernel, state.uuid, signal);
      const path = state.folder ?? sessionFolder(context.root, state.uuid);
      const folder = new RunFolder(path);
      const host = await HostAgent.adopt(kernel, context, state, (component) => ({
        consoleLog: folder.consoleLog(component),
        vmmLog: folder.processLog(component, "live"),
      }));
      return ServedSession.#serve(host, path);
    });
  }

  /** Others on this host may look, and run commands in guests, as with any run. */
  static async #serve(host: HostAgent, folder: string): Promise<ServedSession> {
    const token = randomBytes(16).toString("hex");
    const path = host.runtime.agentSocket;
    const server = await AgentServer.listen(path, handlersOf(host), token);
    return new ServedSession(host, folder, server);
  }

  /** @throws LivestackError what the verb is refused with */
  async ask(verb: CallVerb): Promise<ReplyResult> {
    const { name, params: asked } = paramsOf(verb);
    const params = placedIn(this.folder, name, asked);
    if (name === "prepare") this.#makeFolders(params as Params<"prepare">);
    const handler = this.#handlers[name] as (params: unknown) => Promise<unknown>;
    return resultOf(name, await handler(params));
  }

  /** Ends all that it has here. @param keep its files stay, as nobody has fetched them */
  async close({ keep }: { keep: boolean }): Promise<void> {
    try {
      await this.#host.close();
    } finally {
      await this.leave();
      if (!keep) rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** Lets it go on without an agent. */
  async leave(): Promise<void> {
    this.#server.close();
    await this.#host.kernel.close();
  }

  #makeFolders({ components }: Params<"prepare">): void {
    const folder = new RunFolder(this.folder);
    for (const { name } of components) mkdirSync(folder.component(name), { recursive: true });
  }
}

async function untilNotPaused(kernel: KernelClient, uuid: string, signal: AbortSignal) {
  for (;;) {
    const session = (await kernel.sessionDump()).find((each) => each.uuid === uuid);
    if (session?.state !== State.paused) return;
    await sleep(PAUSED_POLL_MS, undefined, { signal });
  }
}

async function closingOnFailure<Result>(
  kernel: KernelClient,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await kernel.close();
    throw error;
  }
}
