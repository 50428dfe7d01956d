// SPDX-License-Identifier: Apache-2.0
// Alone on a machine `livestack run` has controller and agent in its one process; they speak over the
// agent's socket all the same.
import { randomBytes } from "node:crypto";
import { AgentConnection } from "../agent/connection.js";
import { handlersOf } from "../agent/handlers.js";
import { HostAgent } from "../agent/host-agent.js";
import { AgentServer } from "../agent/server.js";
import type { SessionAgent } from "../agent/session-agent.js";
import type { Context } from "../context.js";
import { explainKernelError, type KernelClient } from "../kernel-client.js";

export interface LocalAgent {
  agent: SessionAgent;
  host: HostAgent;
  /** ends all it has, then itself */
  close(): Promise<void>;
}

/** @throws LivestackError NOT_LOADED, NO_PRIVILEGE, MODULE_REFUSED */
export async function openKernel({ openClient, root }: Context): Promise<KernelClient> {
  try {
    const kernel = await openClient();
    try {
      await kernel.versionGet();
      return kernel;
    } catch (error) {
      await kernel.close();
      throw error;
    }
  } catch (error) {
    throw explainKernelError(error, root);
  }
}

/** Makes the agent of a new session. */
export async function startAgent(
  context: Context,
  session: { uuid: string; name: string },
): Promise<LocalAgent> {
  const kernel = await openKernel(context);
  try {
    return await serveAgent(HostAgent.create(kernel, context, session));
  } catch (error) {
    await kernel.close();
    throw error;
  }
}

/** Serves an agent at its socket, and connects to it. */
export async function serveAgent(host: HostAgent): Promise<LocalAgent> {
  const token = randomBytes(16).toString("hex");
  const path = host.runtime.agentSocket;
  const server = await AgentServer.listen(path, handlersOf(host), token);
  const agent = await AgentConnection.open(path, token);
  let isClosed = false;
  const close = async () => {
    if (isClosed) return;
    isClosed = true;
    try {
      await host.close();
    } finally {
      agent.close();
      server.close();
      await host.kernel.close();
    }
  };
  return { agent, host, close };
}
