// SPDX-License-Identifier: Apache-2.0
// A session that several hosts have a share in, as their kernels agree on it by livestack_sync.ko.
import { isIP } from "node:net";
import { given } from "../given.js";
import type { SessionState } from "../host/session-state.js";
import type { KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import type { Answer, Params } from "./protocol.js";

/**
 * This host's share, if it has not the whole; it listens from here on, at a UDP port of the kernel's choice.
 * @param addressOf where the other hosts reach this one
 */
export async function shareSession(
  kernel: KernelClient,
  session: number,
  { name, share }: Params<"prepare">,
  addressOf: (() => Promise<string>) | undefined,
): Promise<Answer<"prepare">["sync"]> {
  if (!share) return undefined;
  if (!addressOf)
    throw new LivestackError("WRONG_STATE", "this livestack serves no session of several hosts", {
      place: name,
      hint: "ask a host's `livestack agent`",
    });
  const { hosts, self, key } = share;
  const address = await addressOf();
  const request = { session, hosts, host: self, key, address: addressBytes(address) };
  const { udpPort, instance } = await kernel.syncNew(request);
  return { address: endText(address, udpPort), instance };
}

/** What is kept of it. @throws LivestackError WRONG_STATE for a session that this host has alone */
export function shareWith(
  { name, share }: SessionState,
  { peers }: Params<"start-sync">,
): NonNullable<SessionState["share"]> {
  if (share) return { ...share, hosts: peers.map(({ host }) => host) };
  throw new LivestackError("WRONG_STATE", "this host has the session alone", {
    place: name,
    hint: "prepare it with share",
  });
}

/** Tells the kernel where the others are. @param self this host's number */
export async function meetHosts(
  kernel: KernelClient,
  session: number,
  self: number,
  { peers }: Params<"start-sync">,
): Promise<void> {
  for (const [host, { end }] of peers.entries()) {
    if (host === self) continue;
    const { address, udpPort } = endOf(end.address);
    await kernel.peerSet({ session, host, address, udpPort, instance: end.instance });
  }
}

/** Of a plan, what this host is to make: links that end at a component of its own. */
export function linksHere({
  components,
  links,
}: Pick<Params<"prepare">, "components" | "links">): Params<"prepare">["links"] {
  const own = new Set(components.filter(({ host }) => host === undefined).map(({ id }) => id));
  return links
    .filter(({ a, b }) => own.has(a) || own.has(b))
    .map(({ aPort, bPort, ...link }) => ({
      ...link,
      ...given({ aPort: own.has(link.a) ? aPort : undefined }),
      ...given({ bPort: own.has(link.b) ? bPort : undefined }),
    }));
}

/** What is kept of a plan, of what this host has. */
export function keptOf({
  components,
  links,
}: Pick<Params<"prepare">, "components" | "links">): Pick<
  SessionState,
  "components" | "links" | "captures"
> {
  return {
    components: components
      .filter(({ host }) => host === undefined)
      .map(({ id, name, kind }) => ({ id, name, kind, helpers: [], runs: [] })),
    links: links.map(({ id, name }) => ({ id, name })),
    captures: links.flatMap(({ id, capture }) => (capture ? [{ ...capture, link: id }] : [])),
  };
}

function endText(address: string, port: number): string {
  return isIP(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}

function endOf(text: string): { address: Buffer; udpPort: number } {
  const [, six, four, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const udpPort = Number(port);
  if (!(udpPort > 0 && udpPort < 65_536)) throw noAddress(text);
  return { address: addressBytes(six ?? four ?? ""), udpPort };
}

/** @throws LivestackError BAD_REQUEST */
export function addressBytes(text: string): Buffer {
  switch (isIP(text)) {
    case 4:
      return Buffer.from(text.split(".").map(Number));
    case 6:
      return ipv6Bytes(text);
    default:
      throw noAddress(text);
  }
}

function ipv6Bytes(text: string): Buffer {
  if (text.includes("%")) throw noAddress(text);
  // Which writes all as groups of hexadecimal digits.
  const shown = new URL(`http://[${text}]`).hostname.slice(1, -1);
  const [head = [], tail] = shown
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array.from({ length: 8 - head.length - (tail ?? []).length }, () => "0");
  const groups = [...head, ...zeros, ...(tail ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, "0")).join(""), "hex");
}

function noAddress(text: string): LivestackError {
  return new LivestackError("BAD_REQUEST", `${JSON.stringify(text)} is no address of a host`, {
    hint: "an IPv4 or IPv6 address without a zone, as other hosts reach it",
  });
}
