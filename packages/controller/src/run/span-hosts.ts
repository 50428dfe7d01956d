// SPDX-License-Identifier: Apache-2.0
// A session whose components are on several hosts, which have to agree on its windows: each host's `prepare`
// says which part it has, and answers where its kernel listens; then each gets, by `start-sync`, where the
// others do. Until it has, no window opens.
import { randomBytes } from "node:crypto";
import type { Answer, Params } from "../agent/protocol.js";
import { LivestackError } from "../livestack-error.js";

const KEY_BYTES = 32;

/**
 * What each host is to make.
 * @param places host by component; hosts are numbered in the order of their names, so that the same places
 * give the same
 */
export function sharePlans(
  plan: Params<"prepare">,
  places: ReadonlyMap<number, string>,
  key: Buffer = randomBytes(KEY_BYTES),
): Map<string, Params<"prepare">> {
  const hosts = hostsOf(places);
  if (hosts.length <= 1) return new Map(hosts.map((host) => [host, plan]));
  const shareOf = (self: number) => ({
    ...plan,
    components: plan.components.map((each) => {
      const host = hosts.indexOf(places.get(each.id) ?? "");
      return host === self ? each : { ...each, host };
    }),
    share: { hosts: hosts.length, self, key },
  });
  return new Map(hosts.map((host, self) => [host, shareOf(self)]));
}

/**
 * What each host of several is told of the others.
 * @param prepared what each host's `prepare` has answered
 * @throws LivestackError VERSION_SKEW for a host that does not listen
 */
export function syncPlan(
  places: ReadonlyMap<number, string>,
  prepared: ReadonlyMap<string, Answer<"prepare">>,
): Params<"start-sync"> {
  const peers = hostsOf(places).map((host) => {
    const end = prepared.get(host)?.sync;
    if (end) return { host, end };
    throw new LivestackError("VERSION_SKEW", "it does not say where it listens for other hosts", {
      place: host,
      hint: "use programs of one release on all machines",
    });
  });
  return { peers };
}

function hostsOf(places: ReadonlyMap<number, string>): string[] {
  return [...new Set(places.values())].sort();
}
