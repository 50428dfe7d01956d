// SPDX-License-Identifier: Apache-2.0
// Links that end at virtual machines: what is made for them on this machine, and that it goes again.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { RunWorld } from "./run-world-for-test.js";

const SCENARIO = `
name: wired
session: {quantum: 10ms, duration: 60s, end: commands}
components:
  one: {image: {kernel: kernel}, run: [echo one]}
  two: {image: {kernel: kernel}, run: [echo two]}
  model: {kind: model, command: [sleep, "30"]}
links:
  - {endpoints: ["one:eth1", two], latency: 20ms, rate: 5Mbit, back: {loss: 1%}, mtu: 1400, seed: 3}
  - {endpoints: [two, model], latency: 10ms}
`;

const MADE = [
  ["ls1x0a", 1400],
  ["ls1x0b", 1400],
  ["ls1x1a", 1500],
] as const;

async function wired(t: Test) {
  const world = new RunWorld(t);
  return { world, ...(await world.run(SCENARIO)) };
}

t.test(
  "a guest that cannot be given its interfaces ends the run, and nothing is left",
  async (t) => {
    const { world, status, stderr } = await wired(t);
    t.equal(status, 1);
    // The fake guest is this machine, which has no interface of this address.
    t.match(
      stderr,
      /(one|two): its network interfaces: no network interface has the address 02:4c:53:00:0[01]:0[01]/,
    );
    t.match(stderr, /\[SETUP_FAILED\]\nhint: the guest needs the driver virtio_net/);
    t.same(world.loaded, ["livestack", "livestack_vcpu", "livestack_ipc"]);
    const made = MADE.flatMap(([device, mtu]) => [
      `link add name ${device}b type bridge stp_state 0 mcast_snooping 0 group_fwd_mask 65528`,
      `tuntap add dev ${device}t mode tap`,
      ...["b", "t", ""].map((end) => `link set dev ${device}${end} addrgenmode none`),
      ...["t", ""].map((end) => `link set dev ${device}${end} mtu ${mtu} master ${device}b up`),
      `link set dev ${device}b up`,
    ]);
    const removed = MADE.flatMap(([device]) =>
      ["t", "b"].map((end) => `link del dev ${device}${end}`),
    );
    t.same(world.cabled, [...made, ...removed]);
    const ports = world.kernel.asked.filter((each) => each.startsWith("port-new"));
    t.same(
      ports,
      MADE.map(([device]) => `port-new ${device}`),
    );
    t.equal(world.kernel.sessions, 0);
    t.same(world.processes(), []);
  },
);

t.test("what links are in the kernel is what the scenario says", async (t) => {
  const { world } = await wired(t);
  const [first, second] = world.kernel.linksMade;
  t.match(first, {
    ...{ id: 0, latencyNs: 20_000_000n, backLatencyNs: 20_000_000n, seed: 3n },
    toB: { rateBps: 5_000_000n, mtu: 1418 },
    toA: { rateBps: 5_000_000n, mtu: 1418, lossPpm: 10_000 },
  });
  t.notOk(first?.toB && "lossPpm" in first.toB);
  t.match(second, { id: 1, toA: {}, toB: {} });
});

t.test("a VMM is given its taps in the order of links", async (t) => {
  const world = new RunWorld(t);
  const spy = join(world.root, "argv");
  const vmm = world.env.LIVESTACK_QEMU ?? "";
  const text = readFileSync(vmm, "utf8");
  writeFileSync(vmm, text.replace("exec", `echo "$@" >>${spy}\nexec`));
  await world.run(SCENARIO);
  const [one, two] = readFileSync(spy, "utf8").trim().split("\n").sort();
  t.match(one, /ifname=ls1x0at,.*mac=02:4c:53:00:00:01,/);
  t.match(two, /ifname=ls1x0bt,.*mac=02:4c:53:00:01:00,.*ifname=ls1x1at,.*mac=02:4c:53:00:01:01,/);
});

t.test("what ip refuses ends the run with its words", async (t) => {
  const world = new RunWorld(t);
  world.refuseIp = "RTNETLINK answers: Operation not supported";
  const { status, stderr } = await world.run(SCENARIO);
  t.equal(status, 1);
  t.match(stderr, "RTNETLINK answers: Operation not supported");
  t.equal(world.kernel.sessions, 0);
  t.same(world.processes(), []);
});
