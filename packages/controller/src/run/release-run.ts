// SPDX-License-Identifier: Apache-2.0
// Gives up a run whose livestack was killed: its VMs run free, or are ended if that was asked for.
import { State } from "@livestack/netlink-client";
import { removeInterfaces } from "../agent/cabling.js";
import type { Context } from "../context.js";
import { isAlive, killProcess, type ProcessIdentity } from "../host/process-identity.js";
import { type ComponentState, RuntimeFolder, type SessionState } from "../host/session-state.js";
import { explainKernelError } from "../kernel-client.js";
import { openKernel } from "./local-agent.js";

const END_LIMIT_MS = 10_000;
const POLL_MS = 50;

export interface Released {
  /** VMs and models that go on */
  running: ComponentState[];
  ended: ComponentState[];
}

export async function releaseRun(
  state: SessionState,
  context: Context,
  { end }: { end: boolean },
): Promise<Released> {
  const runtime = new RuntimeFolder(context.root, state.uuid);
  await deleteSession(state, context);
  const alive = state.components.filter(({ process }) => process && isAlive(process));
  if (end) {
    for (const each of alive) await endProcess(each.process);
    // They go with their VMM; one whose VMM was not started yet does not.
    for (const helper of state.components.flatMap(({ helpers }) => helpers))
      await endProcess(helper);
    await removeInterfaces(state.interfaces, context.runIp);
    runtime.remove();
    return { running: [], ended: alive };
  }
  const { owner: _, ...rest } = state;
  if (alive.length === 0) {
    await removeInterfaces(state.interfaces, context.runIp);
    runtime.remove();
  }
  // Their QMP and console sockets are in the folder, so it stays for them.
  else runtime.write({ ...rest, kind: "released", phase: "released", components: alive });
  return { running: alive, ended: [] };
}

/** Detaches its machines and deletes it; it may be gone already. */
async function deleteSession({ uuid, components }: SessionState, context: Context): Promise<void> {
  const kernel = await openKernel(context);
  try {
    const session = (await kernel.sessionDump()).find((each) => each.uuid === uuid);
    if (!session) return;
    const { id } = session;
    // Who has left by itself is what we want of it.
    for (const { id: component } of components.filter(({ kind }) => kind === "live"))
      await kernel.componentDetach({ session: id, id: component }).catch(() => {});
    if (session.state !== State.stopped) await kernel.sessionSet({ id, state: State.stopped });
    await kernel.sessionDel({ id });
  } catch (error) {
    throw explainKernelError(error, context.root);
  } finally {
    await kernel.close();
  }
}

async function endProcess(process: ProcessIdentity | undefined): Promise<void> {
  if (!process || !isAlive(process)) return;
  killProcess(process, "SIGTERM");
  const limit = performance.now() + END_LIMIT_MS;
  while (isAlive(process)) {
    if (performance.now() > limit) killProcess(process, "SIGKILL");
    await new Promise((done) => setTimeout(done, POLL_MS));
  }
}
