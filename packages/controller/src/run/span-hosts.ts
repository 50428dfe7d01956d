// SPDX-License-Identifier: Apache-2.0
// Where a session's components are on several hosts, these have to agree on its windows: what a run has to
// do with livestack_sync.ko. Each host's `prepare` tells where its kernel listens; then each gets, by
// `start-sync`, its own number, all peers, and the key of the session. Until it has, it opens no window.
import { randomBytes } from "node:crypto";
import type { Answer, Params } from "../agent/protocol.js";
import { LivestackError } from "../livestack-error.js";

const KEY_BYTES = 32;

export interface HostShare {
  host: string;
  /** components that have their place there */
  components: readonly number[];
}

/**
 * Before anything is made. To go once hosts have livestack_sync.ko.
 * @throws LivestackError WRONG_STATE
 */
export function refuseSpan(name: string, shares: readonly HostShare[]): void {
  if (shares.length <= 1) return;
  const where = shares.map(({ host, components }) => `${host} (${components.length})`).join(", ");
  throw new LivestackError("WRONG_STATE", `its components are on several hosts: ${where}`, {
    place: name,
    hint: "say `host:` of each component, the same one: this release runs a session on one host",
  });
}

/**
 * What each host gets. Hosts are numbered in the order of their names, so the same places give the same.
 * @param prepared what each host's `prepare` has answered
 * @throws LivestackError NOT_LOADED for a host whose kernel does not listen
 */
export function syncPlans(
  shares: readonly HostShare[],
  prepared: ReadonlyMap<string, Answer<"prepare">>,
  key: Buffer = randomBytes(KEY_BYTES),
): Map<string, Params<"start-sync">> {
  const sorted = [...shares].sort((a, b) => (a.host < b.host ? -1 : 1));
  const peers = sorted.map(({ host, components }, id) => {
    const end = prepared.get(host)?.sync;
    if (end) return { id, host, end, components: [...components] };
    throw new LivestackError("NOT_LOADED", "it has no livestack_sync.ko, by which hosts agree", {
      place: host,
      hint: "load it there, or place all components on one host",
    });
  });
  return new Map(peers.map(({ id, host }) => [host, { self: id, peers, key }]));
}

/** @param places host by component */
export function sharesOf(places: ReadonlyMap<number, string>): HostShare[] {
  const hosts = [...new Set(places.values())].sort();
  return hosts.map((host) => ({
    host,
    components: [...places].flatMap(([id, where]) => (where === host ? [id] : [])),
  }));
}
