// SPDX-License-Identifier: Apache-2.0
import { Kind, Mode, State } from "@livestack/netlink-client";
import type { SessionState } from "../host/session-state.js";
import type { LiveKernel } from "./live-kernel-for-test.js";

/** Makes in a fake kernel what the real one would still have of a session whose livestack was killed. */
export async function keptByKernel(
  kernel: LiveKernel,
  { uuid, name, components }: SessionState,
): Promise<void> {
  const client = await kernel.openClient();
  const session = await client.sessionNew({
    uuid,
    name,
    quantumNs: 10_000_000n,
    mode: Mode.strict,
  });
  for (const { id, name, process } of components) {
    await client.componentNew({ session, id, name, kind: Kind.live });
    await client.componentAttach({ session, id, ...process });
  }
  await client.sessionSet({ id: session, state: State.running });
}
