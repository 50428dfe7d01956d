// SPDX-License-Identifier: Apache-2.0
// The other hosts of a session that is on several.
import type { Peer } from "@livestack/netlink-client";
import { textTable } from "../text-table.js";
import { numberText, timeText, wordOf } from "./show.js";

const HOST = ["ID", "HOST", "ADDRESS", "OUT", "IN", "RESENT", "HEARD", "STATE"];

/** @param names of all hosts by their numbers, as far as this machine knows them */
export function hostsText(peers: readonly Peer[], names: readonly string[]): string {
  return textTable(
    HOST,
    peers.map((peer) => [
      numberText(peer.host),
      names[peer.host] ?? "-",
      addressText(peer),
      numberText(peer.packetsOut),
      numberText(peer.packetsIn),
      numberText(peer.resent),
      peer.heardNs === undefined ? "never" : `${timeText(roughly(peer.heardNs))} ago`,
      hostState(peer),
    ]),
  );
}

/** For JSON: the same, with an address that can be read. */
export function plainPeer(peer: Peer): object {
  const { udpPort: _, ...rest } = peer;
  return { ...rest, address: addressText(peer) };
}

function hostState({ silent, awaits }: Peer): string {
  const awaited = awaits === undefined ? "" : `awaits its ${wordOf("awaits", awaits)}`;
  if (silent) return awaited === "" ? "silent" : `silent, ${awaited}`;
  return awaited === "" ? "heard" : awaited;
}

/** "192.0.2.1:47602", "[2001:db8::1]:47602" */
function addressText({ address, udpPort }: Peer): string {
  if (address?.length === 4) return `${address.join(".")}:${udpPort}`;
  if (address?.length !== 16) return "-";
  const groups = Buffer.from(address).toString("hex").match(/.{4}/g) ?? [];
  return `${new URL(`http://[${groups.join(":")}]`).hostname}:${udpPort}`;
}

/** Milliseconds are as much as anybody wants to read. */
function roughly(ns: bigint): bigint {
  return ns < 1_000_000n ? ns : ns - (ns % 1_000_000n);
}
