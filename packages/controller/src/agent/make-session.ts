// SPDX-License-Identifier: Apache-2.0
// The session's objects in the kernel, as planned: components, links, and the ports of links that end at
// virtual machines.
import {
  End,
  Kind,
  type Mode,
  type OnLoss,
  type OnOvershoot,
  PortKind,
  State,
} from "@livestack/netlink-client";
import { given } from "../given.js";
import type { KernelClient } from "../kernel-client.js";
import { type Cable, cableOf, layCables, macOf, type RunIp } from "./cabling.js";
import type { Params } from "./protocol.js";

type Plan = Params<"prepare">;
type LinkPlan = Plan["links"][number];

/** A network interface of a guest, at an end of a link. */
export interface GuestNetwork {
  component: number;
  /** 0 for eth0 */
  port: number;
  mac: string;
  link: number;
  end: "a" | "b";
  cable: Cable;
}

export function newSession(kernel: KernelClient, plan: Plan): Promise<number> {
  return kernel.sessionNew({
    ...{ uuid: plan.uuid, name: plan.name, quantumNs: plan.quantumNs },
    ...(plan.endNs !== undefined && { endNs: plan.endNs }),
    mode: plan.mode as Mode,
    onLoss: plan.onLoss as OnLoss,
    onOvershoot: plan.onOvershoot as OnOvershoot,
  });
}

export async function fillSession(
  kernel: KernelClient,
  session: number,
  { components, links }: Plan,
): Promise<void> {
  for (const { id, name, kind, host } of components)
    await kernel.componentNew({
      ...{ session, id, name },
      ...(host === undefined ? { kind: Kind[kind] } : { kind: Kind.remote, host }),
    });
  for (const {
    name: _,
    aPort: __,
    bPort: ___,
    mtu: ____,
    capture: _____,
    queueBytes,
    ...link
  } of links)
    await kernel.linkNew({
      ...{ session, ...link, queueBytes: Number(queueBytes) },
      ...{ toA: given(link.toA), toB: given(link.toB) },
    });
}

/** Nothing of it goes on any more; another host of the session may have stopped it meanwhile. */
export async function stopSession(kernel: KernelClient, id: number): Promise<void> {
  const isStopped = async () => (await kernel.sessionGet({ id })).state === State.stopped;
  if (await isStopped()) return;
  await kernel.sessionSet({ id, state: State.stopped }).catch(async (error) => {
    if (!(await isStopped())) throw error;
  });
}

/** Of all links, in their order. */
export function networksOf(session: number, links: readonly LinkPlan[]): GuestNetwork[] {
  return links.flatMap((link) => [
    ...networkAt(session, link, "a", link.a, link.aPort),
    ...networkAt(session, link, "b", link.b, link.bPort),
  ]);
}

function networkAt(
  session: number,
  { id, mtu }: LinkPlan,
  end: "a" | "b",
  component: number,
  port: number | undefined,
): GuestNetwork[] {
  if (port === undefined) return [];
  const mac = macOf(component, port);
  return [{ component, port, mac, link: id, end, cable: cableOf(session, id, end, mtu) }];
}

/** Makes the ends of their links network devices, and joins these to taps. */
export async function layNetworks(
  kernel: KernelClient,
  session: number,
  networks: readonly GuestNetwork[],
  ip: RunIp,
): Promise<void> {
  for (const { link, end, cable } of networks) {
    const { device } = cable;
    await kernel.portNew({ session, link, end: End[end], kind: PortKind.net, interface: device });
  }
  await layCables(
    networks.map(({ cable }) => cable),
    ip,
  );
}
