// SPDX-License-Identifier: Apache-2.0
// Links with their ends found, each way by itself, and an address for each interface.
import type * as z from "zod";
import { given } from "../given.js";
import { type Endpoint, ETHERNET_BYTES, endpointOf, nextPort } from "./endpoint.js";
import { linkName } from "./lookahead.js";
import type { linkSchema } from "./schema.js";

type Written = z.output<typeof linkSchema>;
type WrittenWay = Pick<Written, "rate" | "jitter" | "loss" | "mtu" | "limit">;

/** How one way over a link is, beside its latency; what is absent is the kernel's default. */
export interface ScenarioWay {
  rateBps?: bigint;
  jitterNs?: bigint;
  lossPpm?: number;
  /** of a message: of a frame with its Ethernet header */
  mtu?: number;
  limitBytes?: number;
  limitPackets?: number;
}

/** Where a link meets a virtual machine. */
export interface ScenarioInterface {
  /** 0 for eth0 */
  port: number;
  /** IPv4 address with its prefix, "10.64.0.1/24" */
  address: string;
}

export interface ScenarioEnd {
  /** id of the component */
  component: number;
  /** absent: a model, which speaks for itself */
  network?: ScenarioInterface;
}

export interface ScenarioLink {
  id: number;
  name: string;
  /** ids of the components at its ends */
  a: number;
  b: number;
  ends: [ScenarioEnd, ScenarioEnd];
  /** from a to b */
  latencyNs: bigint;
  /** from b to a */
  backLatencyNs: bigint;
  toB: ScenarioWay;
  toA: ScenarioWay;
  /** longest packet of its interfaces */
  mtu: number;
  queueBytes: bigint;
  seed: bigint;
  /** whether what it hands over is written to a file */
  capture: boolean;
}

const DEFAULT_MTU = 1500;

interface Member {
  id: number;
  name: string;
  kind: "live" | "model";
}

export function resolveLinks(
  links: readonly Written[],
  members: readonly Member[],
): ScenarioLink[] {
  const found = new Map(members.map((member) => [member.name, member]));
  const taken = portsNamed(links);
  return links.map((link, id) => {
    const { name, endpoints, latency, back, queue, seed, capture } = link;
    const [a, b] = endpoints.map((text, index): ScenarioEnd => {
      const { component, port } = endpointOf(text);
      const member = found.get(component);
      if (!member) throw new Error(`the endpoints of link ${id} were not checked`);
      if (member.kind === "model") return { component: member.id };
      const number = port ?? nextPort(taken.get(component) ?? new Set());
      const address = link.addresses?.[index] ?? addressOf(id, index);
      return { component: member.id, network: { port: number, address } };
    }) as [ScenarioEnd, ScenarioEnd];
    const isWire = a.network !== undefined || b.network !== undefined;
    return {
      ...{ id, name: linkName(name, endpoints), a: a.component, b: b.component, ends: [a, b] },
      ...{ latencyNs: latency, backLatencyNs: back?.latency ?? latency },
      toB: wayOf(link, isWire),
      toA: wayOf({ ...link, ...given(back ?? {}) }, isWire),
      mtu: Math.max(link.mtu ?? DEFAULT_MTU, back?.mtu ?? 0),
      ...{ queueBytes: queue, seed: BigInt(seed), capture },
    };
  });
}

/** Interfaces that are named keep their numbers; the others get what is left. */
function portsNamed(links: readonly Written[]): Map<string, Set<number>> {
  const taken = new Map<string, Set<number>>();
  for (const { component, port } of links.flatMap(({ endpoints }) => endpoints.map(endpointOf)))
    taken.set(
      component,
      numbersWith(taken.get(component), { component, ...(port !== undefined && { port }) }),
    );
  return taken;
}

function numbersWith(numbers: Set<number> | undefined, { port }: Endpoint): Set<number> {
  return new Set([...(numbers ?? []), ...(port === undefined ? [] : [port])]);
}

function wayOf(way: WrittenWay, isWire: boolean): ScenarioWay {
  const { rate, jitter, loss, mtu, limit } = way;
  return given({
    rateBps: rate,
    jitterNs: jitter,
    lossPpm: loss === undefined ? undefined : Number(loss),
    mtu: mtu === undefined ? undefined : mtu + (isWire ? ETHERNET_BYTES : 0),
    limitBytes: limit?.bytes === undefined ? undefined : Number(limit.bytes),
    limitPackets: limit?.packets,
  });
}

/** Of the network 10.64.0.0/12, a /24 for each link. */
function addressOf(link: number, index: number): string {
  return `10.${64 + (link >> 8)}.${link & 255}.${index + 1}/24`;
}
