// SPDX-License-Identifier: Apache-2.0
// `livestack attach`, `livestack detach`: VMs that somebody else has started.
import { randomUUID } from "node:crypto";
import { COMPONENTS_MAX, Kind, type Session, State } from "@livestack/netlink-client";
import { attachMachine } from "../agent/attach-machine.js";
import type { Context } from "../context.js";
import { identityOf } from "../host/process-identity.js";
import { RuntimeFolder, STATE_SCHEMA } from "../host/session-state.js";
import { explainKernelError, type KernelClient, withKernel } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { findSession } from "../session/find-session.js";
import type { RunningVmm } from "../vmm/find-vmm.js";

export interface AttachOptions {
  vmm: RunningVmm;
  /** of an existing session; without it a new one is made */
  session?: string;
  /** of a new session */
  quantumNs: bigint;
  nested: boolean;
  exact: boolean;
}

export interface AttachedVm {
  session: number;
  name: string;
  component: number;
  made: boolean;
}

/** Into a session of its own, which then runs, or into one that is there. Nothing is left if it fails. */
export async function attachVm(options: AttachOptions, context: Context): Promise<AttachedVm> {
  await context.loadModules(["livestack", "livestack_vcpu"], context);
  return withKernel(context, async (kernel) =>
    options.session === undefined
      ? await intoNewSession(kernel, options, context)
      : await intoSession(kernel, await findSession(kernel, options.session), options, context),
  );
}

async function intoNewSession(
  kernel: KernelClient,
  { vmm, quantumNs, nested, exact }: AttachOptions,
  { root }: Context,
): Promise<AttachedVm> {
  const { pid, name } = vmm;
  const uuid = randomUUID();
  const session = await kernel.sessionNew({ uuid, name, quantumNs });
  try {
    await kernel.componentNew({ session, id: 0, name, kind: Kind.live });
    await attachMachine(kernel, { session, component: 0, pid, name, root, nested, exact });
    const runtime = new RuntimeFolder(root, uuid);
    runtime.create();
    const process = identityOf(pid);
    const component = {
      id: 0,
      name,
      kind: "live" as const,
      ...(process && { process }),
      helpers: [],
      runs: [],
    };
    const state = { schema: STATE_SCHEMA, uuid, name, kind: "attached", phase: "run" } as const;
    const none = { led: false, links: [], interfaces: [], captures: [] };
    runtime.write({ ...state, began: true, components: [component], ...none });
    await kernel.sessionSet({ id: session, state: State.running });
  } catch (error) {
    await kernel.componentDetach({ session, id: 0 }).catch(() => {});
    await endSession(kernel, session, uuid, root).catch(() => {});
    throw error;
  }
  return { session, name, component: 0, made: true };
}

async function intoSession(
  kernel: KernelClient,
  { id: session, name: sessionName }: Session,
  { vmm, nested, exact }: AttachOptions,
  { root }: Context,
): Promise<AttachedVm> {
  const there = await kernel.componentDump({ session });
  // One of its name that waits for its machine, or a new one.
  const waiting = there.find((each) => each.name === vmm.name && each.kind === Kind.live);
  const component =
    waiting?.id ??
    freeId(
      there.map(({ id }) => id),
      sessionName,
    );
  if (!waiting)
    await kernel.componentNew({ session, id: component, name: vmm.name, kind: Kind.live });
  try {
    const { pid, name } = vmm;
    await attachMachine(kernel, { session, component, pid, name, root, nested, exact });
  } catch (error) {
    if (!waiting) await kernel.componentDel({ session, id: component }).catch(() => {});
    throw error;
  }
  return { session, name: sessionName, component, made: false };
}

function freeId(taken: readonly number[], place: string): number {
  for (let id = 0; id < COMPONENTS_MAX; id++) if (!taken.includes(id)) return id;
  throw new LivestackError("NOT_ATTACHED", `a session takes ${COMPONENTS_MAX} components`, {
    place,
  });
}

/**
 * Lets VMs of a session run free; a session that `attach` has made goes with its last one.
 * @param component name of one, or all
 * @returns the names of those that run free now; none if there was only the session left
 */
export async function detachVms(
  kernel: KernelClient,
  { id: session, uuid, name }: Session,
  component: string | undefined,
  { root }: Context,
): Promise<string[]> {
  const there = await kernel.componentDump({ session });
  const attached = there.filter((each) => each.kind === Kind.live && each.vcpus !== undefined);
  const wanted = attached.filter((each) => component === undefined || each.name === component);
  // Its VMs have ended or were reset, which detaches them: nothing else would take it away.
  const isEmpty = attached.length === 0 && component === undefined && isOwn(root, uuid);
  if (wanted.length === 0 && !isEmpty)
    throw new LivestackError(
      "NOT_FOUND",
      `no VM${component ? ` '${component}'` : ""} is attached`,
      {
        place: name,
        hint:
          attached.length === 0
            ? "`livestack status` shows who is"
            : `there is ${attached.map((each) => each.name).join(", ")}`,
      },
    );
  for (const { id } of wanted) await kernel.componentDetach({ session, id });
  if (wanted.length === attached.length && isOwn(root, uuid))
    await endSession(kernel, session, uuid, root);
  return wanted.map((each) => each.name);
}

function isOwn(root: string, uuid: string): boolean {
  try {
    return new RuntimeFolder(root, uuid).read().kind === "attached";
  } catch {
    return false;
  }
}

async function endSession(
  kernel: KernelClient,
  id: number,
  uuid: string,
  root: string,
): Promise<void> {
  try {
    const { state } = await kernel.sessionGet({ id });
    if (state !== State.stopped) await kernel.sessionSet({ id, state: State.stopped });
    await kernel.sessionDel({ id });
  } catch (error) {
    throw explainKernelError(error, root);
  }
  new RuntimeFolder(root, uuid).remove();
}
