// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { LiveKernel } from "../run/live-kernel-for-test.js";
import type { Params } from "./protocol.js";
import { addressBytes, linksHere, meetHosts, shareSession } from "./share-session.js";

t.test("addresses are bytes, of both kinds", async (t) => {
  const hex = (text: string) => addressBytes(text).toString("hex");
  t.equal(hex("192.0.2.255"), "c00002ff");
  t.equal(hex("::1"), `${"0".repeat(31)}1`);
  t.equal(hex("2001:db8::5:0:1"), "20010db8000000000000000500000001");
  t.equal(hex("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  t.equal(hex("::"), "0".repeat(32));
  t.equal(hex("::ffff:192.0.2.1"), "00000000000000000000ffffc0000201");
  for (const text of ["", "192.0.2", "fe80::1%eth0", "node1", "1.2.3.4:5"])
    t.throws(() => addressBytes(text), { code: "BAD_REQUEST" }, text);
});

t.test("a host tells where it listens, and is told of the others but itself", async (t) => {
  const world = new LiveKernel();
  const kernel = await world.openClient();
  const session = await kernel.sessionNew({ uuid: "u", name: "n", quantumNs: 1n });
  const share = { hosts: 3, self: 1, key: Buffer.alloc(32, 1) };
  const plan = { name: "n", share } as Params<"prepare">;
  const end = await shareSession(kernel, session, plan, async () => "2001:db8::1");
  t.same(end, { address: "[2001:db8::1]:47600", instance: 1n });
  const peerAt = (address: string) => ({ host: "x", end: { address, instance: 5n } });
  const peers = [peerAt("192.0.2.1:1"), peerAt("192.0.2.2:2"), peerAt("[2001:db8::2]:65535")];
  await meetHosts(kernel, session, 1, { peers });
  t.match(world.peers, [
    { host: 0, udpPort: 1, instance: 5n },
    { host: 2, udpPort: 65_535, address: addressBytes("2001:db8::2") },
  ]);
  for (const bad of ["192.0.2.1", "192.0.2.1:0", "192.0.2.1:65536", "[::1:5", "2001:db8::1:5"])
    await t.rejects(meetHosts(kernel, session, 1, { peers: [peerAt(bad)] }), {
      code: "BAD_REQUEST",
    });
  await t.rejects(shareSession(kernel, session, plan, undefined), { code: "WRONG_STATE" });
  t.equal(
    await shareSession(kernel, session, { name: "n" } as Params<"prepare">, undefined),
    undefined,
  );
});

t.test("of a link to another host this one makes its own end", async (t) => {
  const link = (id: number, a: number, b: number) => ({ id, a, b, aPort: 0, bPort: 1 });
  const plan = {
    components: [{ id: 0 }, { id: 1, host: 1 }, { id: 2, host: 1 }, { id: 3 }],
    links: [link(0, 0, 1), link(1, 1, 2), link(2, 2, 0), link(3, 0, 3)],
  } as unknown as Params<"prepare">;
  t.same(linksHere(plan), [
    { id: 0, a: 0, b: 1, aPort: 0 },
    { id: 2, a: 2, b: 0, bPort: 1 },
    { id: 3, a: 0, b: 3, aPort: 0, bPort: 1 },
  ]);
});
