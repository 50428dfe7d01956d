// SPDX-License-Identifier: Apache-2.0
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { BlockList, isIP } from "node:net";
import { LivestackError } from "../livestack-error.js";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8);
LOOPBACK.addAddress("::1", "ipv6");

/**
 * The address from which this host speaks to its controller: that of the network which the hosts have in
 * common, unless somebody says another. Nothing is sent.
 * @param controller "controller.example:7600" or "[2001:db8::1]:7600"
 * @throws LivestackError SYSTEM; WRONG_STATE where that is loopback, which no other host reaches
 */
export async function addressTowards(controller: string): Promise<string> {
  const { hostname, port } = new URL(`http://${controller}`);
  const host = hostname.replace(/^\[|\]$/g, "");
  const local = await localAddress(host, Number(port || "80")).catch((cause) => {
    throw new LivestackError("SYSTEM", `its own address towards ${controller}: ${cause.message}`, {
      cause,
      hint: "say where other hosts reach this one: livestack agent --address",
    });
  });
  if (!LOOPBACK.check(local, isIP(local) === 6 ? "ipv6" : "ipv4")) return local;
  throw new LivestackError(
    "WRONG_STATE",
    `it speaks to its controller from ${local}, where no other host reaches it`,
    { hint: "say where other hosts do: livestack agent --address" },
  );
}

async function localAddress(host: string, port: number): Promise<string> {
  const { lookup } = await import("node:dns/promises");
  const { address, family } = await lookup(host);
  const socket = createSocket(family === 6 ? "udp6" : "udp4");
  try {
    // It has no peer but by this, so that the route to it is what decides.
    socket.connect(port, address);
    await once(socket, "connect");
    return socket.address().address;
  } finally {
    socket.close();
  }
}
