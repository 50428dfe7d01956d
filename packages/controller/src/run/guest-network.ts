// SPDX-License-Identifier: Apache-2.0
// A guest's network interfaces as the scenario has them: names, addresses, and the others by name.

import { macOf } from "../agent/cabling.js";
import type { SessionAgent } from "../agent/session-agent.js";
import { LivestackError } from "../livestack-error.js";
import { interfaceName } from "../scenario/endpoint.js";
import type { LiveComponent, Scenario, ScenarioLink } from "../scenario/scenario.js";

/**
 * $@: address, name, IPv4 address and MTU of each interface. The guest's kernel numbers them as it finds
 * them, so that first all get out of each other's way.
 */
const CONFIGURE = `
set -e
find_by() {
	for path in /sys/class/net/*; do
		[ "$(cat "$path/address")" = "$1" ] && [ ! -e "$path/master" ] && echo "\${path##*/}" && return
	done
	echo "no network interface has the address $1: is the driver virtio_net missing?" >&2
	return 1
}
rename() {
	[ "$1" = "$2" ] || { ip link set dev "$1" down; ip link set dev "$1" name "$2"; }
}
order=
for word; do order="$order $word"; done
set -- $order
while [ $# -gt 0 ]; do now=$(find_by $1); rename $now ls-$2; shift 4; done
set -- $order
while [ $# -gt 0 ]; do
	rename ls-$2 $2
	ip link set dev $2 mtu $4
	ip address add $3 brd + dev $2
	ip link set dev $2 up
	shift 4
done
`;

/** @throws LivestackError SETUP_FAILED */
export async function setUpNetwork(
  agent: SessionAgent,
  guest: LiveComponent,
  { components, links }: Scenario,
): Promise<void> {
  const words = links.flatMap(({ ends, mtu }) =>
    ends.flatMap(({ component, network }) => {
      if (component !== guest.id || !network) return [];
      const { port, address } = network;
      return [macOf(component, port), interfaceName(port), address, String(mtu)];
    }),
  );
  if (words.length === 0) return;
  await tell(agent, guest, ["/bin/sh", "-c", CONFIGURE, "sh", ...words]);
  const hosts = components.flatMap(({ id, name }) => {
    const address = id === guest.id ? undefined : addressFor(guest.id, id, links);
    return address === undefined ? [] : [`${address}\t${name}\n`];
  });
  await tell(agent, guest, ["/bin/sh", "-c", 'printf "$1" >>/etc/hosts', "sh", hosts.join("")]);
}

/** Of the link between the two, else the first that it has. */
function addressFor(
  guest: number,
  other: number,
  links: readonly ScenarioLink[],
): string | undefined {
  const own = links.flatMap(({ ends }) =>
    ends
      .filter(({ component, network }) => component === other && network)
      .map(({ network }) => ({
        address: network?.address.split("/")[0],
        near: ends.some(({ component }) => component === guest),
      })),
  );
  return (own.find(({ near }) => near) ?? own[0])?.address;
}

async function tell(agent: SessionAgent, { id, name }: LiveComponent, run: string[]) {
  const { exit, stderr } = await agent.ask("guest-exec", { component: id, run });
  if (exit === 0) return;
  const words = stderr.toString().trim().split("\n").at(-1) ?? "";
  throw new LivestackError("SETUP_FAILED", `its network interfaces: ${words || `status ${exit}`}`, {
    place: name,
    hint: "the guest needs the driver virtio_net, /bin/sh and ip (iproute2, or busybox)",
  });
}
