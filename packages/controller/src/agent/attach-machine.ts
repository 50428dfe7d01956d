// SPDX-License-Identifier: Apache-2.0

import { codeOf } from "../code-of.js";
import { identityOf, type ProcessIdentity } from "../host/process-identity.js";
import { explainKernelError, type KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";

export interface AttachRequest {
  session: number;
  component: number;
  pid: number;
  /** what messages call it */
  name: string;
  /** what stands for "/" */
  root: string;
  /** a machine with VMX or SVM, whose guests run free */
  nested?: boolean;
  /** clocks as exact as they can be made, at the cost of speed */
  exact?: boolean;
  /** processes that serve the VMM, and are waited for as it is */
  helpers?: readonly ProcessIdentity[];
}

/**
 * Makes a running VM a live component.
 * @throws LivestackError NOT_ATTACHED with the kernel's sentence; MODULE_REFUSED, NOT_LOADED
 */
export async function attachMachine(kernel: KernelClient, request: AttachRequest): Promise<void> {
  const { session, component, pid, name, root, nested = false, exact = false } = request;
  const helpers = (request.helpers ?? []).flatMap((each) => [BigInt(each.pid), each.startTicks]);
  const identity = identityOf(pid);
  if (!identity)
    throw new LivestackError("NOT_ATTACHED", `there is no process ${pid}`, {
      place: name,
      hint: "say the pid of a running VMM, as `pgrep qemu` finds it",
    });
  const { startTicks } = identity;
  try {
    await kernel.componentAttach({
      ...{ session, id: component, pid, startTicks },
      ...(nested && { nested: true }),
      ...(exact && { exact: true }),
      ...(helpers.length > 0 && { helpers }),
    });
  } catch (error) {
    throw refusal(error, name, root);
  }
}

/** Refusals of the set-up name what to change, so they are shown as they are. */
function refusal(error: unknown, name: string, root: string): unknown {
  const code = codeOf(error);
  const isOwn = code === "NOT_LOADED" || code === "HELPER_LOST" || code === "EPERM";
  if (!(error instanceof Error && error.name === "NetlinkError") || isOwn)
    return explainKernelError(error, root);
  const { hint } = error as { hint?: string };
  return new LivestackError("NOT_ATTACHED", error.message, {
    place: name,
    hint: hint ?? "docs/guests.md has how a guest has to be set up",
  });
}
