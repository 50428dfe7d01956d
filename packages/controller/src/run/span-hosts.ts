// SPDX-License-Identifier: Apache-2.0
// Where a session's components are on several hosts, these have to agree on its windows: the one place of a
// run that knows of livestack_sync.ko. It has its turn after all hosts were prepared, and before a guest
// boots; until it returns no host may open a window.
import { LivestackError } from "../livestack-error.js";

export interface HostShare {
  host: string;
  /** components that have their place there */
  components: readonly number[];
}

/**
 * With one host there is nothing to agree on. With more, `startSync` goes to each (agent.proto): its own
 * number, all peers with the end that `prepare` told of each, and a key that is made here.
 * @throws LivestackError WRONG_STATE
 */
export async function spanHosts(name: string, shares: readonly HostShare[]): Promise<void> {
  if (shares.length <= 1) return;
  const where = shares.map(({ host, components }) => `${host} (${components.length})`).join(", ");
  throw new LivestackError("WRONG_STATE", `its components are on several hosts: ${where}`, {
    place: name,
    hint: "say `host:` of each component, the same one: this release runs a session on one host",
  });
}
