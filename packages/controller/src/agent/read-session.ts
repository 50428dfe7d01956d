// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a session.
import { Reason } from "@livestack/netlink-client";
import type { SessionState } from "../host/session-state.js";
import type { KernelClient } from "../kernel-client.js";
import type { Answer } from "./protocol.js";

type Status = Pick<Answer<"status">, "session" | "components">;

/** @param share who has one in it, if it is on several hosts */
export async function readStatus(
  kernel: KernelClient,
  id: number,
  share: SessionState["share"],
): Promise<Status> {
  const [session, components] = await Promise.all([
    kernel.sessionGet({ id }),
    kernel.componentDump({ session: id }),
  ]);
  const { reason, host } = session;
  if (reason !== Reason.silent || host === undefined) return { session, components };
  return { session: { ...session, silent: share?.hosts[host] ?? `host ${host}` }, components };
}

export async function readStatistics(
  kernel: KernelClient,
  id: number,
  share: SessionState["share"],
): Promise<Omit<Answer<"statistics">, "execs">> {
  const [status, links, vcpus] = await Promise.all([
    readStatus(kernel, id, share),
    kernel.linkDump({ session: id }),
    kernel.vcpuDump({ session: id }),
  ]);
  return { ...status, links, vcpus };
}
