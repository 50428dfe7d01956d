// SPDX-License-Identifier: Apache-2.0
// `livestack run --controller`: guests on a host of a controller, over real TLS, with fake kernels and VMMs.
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Kind, NetlinkError } from "@livestack/netlink-client";
import t from "tap";
import { ClusterWorld } from "./cluster-world-for-test.js";

/** @param root of the host, where its image is */
function pair(root: string, rest = ""): string {
  return `
name: pair
session: {end: commands, duration: 60s}
components:
  one:
    image: {kernel: ${root}/kernel}
    setup: [echo from setup >&2]
    ready: "true"
    run: [echo first, "echo second; echo problem >&2"]
    collect: [/proc/self/status]
  two:
    image: {kernel: ${root}/kernel}
    disks: [{size: 1MiB}]
    run: [sleep 0.3]
${rest}`;
}

t.test(
  "a run on a host of a controller writes the same folder as one on this machine",
  async (t) => {
    const cluster = await ClusterWorld.create(t);
    const { world: host } = await cluster.startAgent("node1");
    await cluster.until("node1", "up");
    const { world } = cluster;
    const file = world.scenario(pair(host.root));
    const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
    t.equal(status, 0, stderr);
    t.match(
      stderr,
      /boot: one, two\n.*setup.*\n.*attach.*\n.*run: .*\n.*detach.*\n.*collect: one/s,
    );
    const folder = dirname(world.resultPath());
    t.match(world.result().components, [
      {
        name: "one",
        commands: [
          { exit: 0, stdout: "first\n" },
          { exit: 0, stdout: "second\n" },
        ],
      },
      { name: "two", commands: [{ exit: 0 }] },
    ]);
    const one = join(folder, "components/one");
    t.equal(readFileSync(join(one, "commands/1.stderr"), "utf8"), "problem\n");
    t.match(readFileSync(join(one, "collected/proc/self/status"), "utf8"), /^Name:/);
    t.ok(existsSync(join(one, "console.log")), "logs were gathered");
    t.equal(host.kernel.sessions, 0, "nothing is left in the host's kernel");
    t.same(host.processes(), [], "nor any VMM");
    t.same(readdirSync(join(host.root, "var/lib/livestack/sessions")), [], "nor files");
    t.same(cluster.controller.sessions.kept, [], "nor with the controller");
    t.same(host.loaded, ["livestack", "livestack_vcpu"]);
  },
);

t.test("sessions of several users share a host, each by itself", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  await cluster.issue({ role: "user", name: "bob" });
  const { world } = cluster;
  const runs = [
    { user: "ann", name: "of-ann" },
    { user: "bob", name: "of-bob" },
  ].map(({ user, name }) => {
    const file = join(world.root, `${name}.yaml`);
    const text = pair(host.root).replace("name: pair", `name: ${name}`);
    writeFileSync(file, text.replace("echo first", `echo ${user}`));
    const out = join(world.root, name);
    return cluster.as({ role: "user", name: user }, "run", file, "--out", out);
  });
  await cluster.eventually("both are there", () => cluster.controller.sessions.kept.length === 2);
  const { stdout } = await cluster.livestack("hosts", "ls", "-o", "json");
  const [{ placed }] = JSON.parse(stdout).hosts;
  t.match(placed, { vcpus: 4, memory_bytes: 4 * (512 << 20) });
  t.same(placed.sessions.map((each: { user: string }) => each.user).sort(), ["ann", "bob"]);
  for (const { status, stderr } of await Promise.all(runs)) t.equal(status, 0, stderr);
  for (const user of ["ann", "bob"]) {
    const out = join(world.root, `of-${user}`);
    const [folder = ""] = readdirSync(out);
    const first = readFileSync(join(out, folder, "components/one/commands/0.stdout"), "utf8");
    t.equal(first, `${user}\n`);
  }
  t.equal(host.kernel.sessions, 0);
});

t.test("outputs longer than a message come whole", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { world } = cluster;
  const long = "head -c 4000000 /dev/zero; head -c 4000000 /dev/zero >&2";
  const file = world.scenario(pair(host.root).replace("echo first", `"${long}"`));
  const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
  t.equal(status, 0, stderr);
  const commands = join(dirname(world.resultPath()), "components/one/commands");
  for (const name of ["0.stdout", "0.stderr"])
    t.equal(statSync(join(commands, name)).size, 4_000_000, name);
});

t.test("components go to the host that the scenario names", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const [one, two] = await cluster.startTwoAgents();
  const { world } = cluster;
  const at = (host: string) =>
    pair(two.root).replaceAll("    image:", `    host: ${host}\n    image:`);
  const good = await cluster.livestack("run", world.scenario(at("node2")), "--out", world.out);
  t.equal(good.status, 0, good.stderr);
  t.same([one.loaded.length > 0, two.loaded.length > 0], [false, true]);
  const gone = await cluster.livestack("run", world.scenario(at("node3")), "--out", world.out);
  t.match(gone, {
    status: 1,
    stderr: /host node3 cannot be used \[NO_ROOM\]\nhint: .*node1, node2/,
  });
  await cluster.eventually("nothing is left", () => cluster.controller.sessions.kept.length === 0);
});

t.test("what a host lacks is said before anything is made, by the host", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { world } = cluster;
  rmSync(join(host.root, "dev/kvm"));
  const file = world.scenario(pair(host.root));
  const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
  t.equal(status, 3);
  t.match(stderr, /node1: \S*kvm: this machine has no .*\[NO_KVM\]\nhint: /);
  t.notOk(existsSync(world.out), "no run folder was made");
  const kept = await cluster.livestack("run", file, "--keep-disks");
  t.match(kept, { status: 2, stderr: /\[USAGE\]/ });
});

t.test("a run on two hosts: each makes its part and knows the other", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const [one, two] = await cluster.startTwoAgents();
  const { world } = cluster;
  const file = world.scenario(`
name: apart
session: {end: commands, duration: 60s}
components:
  one: {host: node1, image: {kernel: ${one.root}/kernel}, run: [echo here], disks: [{size: 1MiB}]}
  model: {host: node2, kind: model, command: [sleep, "60"]}
  other: {host: node1, kind: model, command: [sleep, "60"]}
  third: {host: node1, kind: model, command: [sleep, "60"]}
  two: {host: node2, image: {kernel: ${two.root}/kernel}, run: [echo there]}
links:
  - {endpoints: [other, model], latency: 5ms}
  - {endpoints: [other, third], latency: 5ms}
`);
  const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
  t.equal(status, 0, stderr);
  t.match(world.result().components, [
    { name: "one", commands: [{ stdout: "here\n" }] },
    { name: "model" },
    { name: "other" },
    { name: "third" },
    { name: "two", commands: [{ stdout: "there\n" }] },
  ]);
  const components = join(dirname(world.resultPath()), "components");
  t.ok(existsSync(join(components, "one/console.log")), "logs of one host");
  t.ok(existsSync(join(components, "two/console.log")), "and of the other");
  t.same(
    [one.kernel.components, two.kernel.components],
    [
      [
        { id: 0, kind: Kind.live },
        { id: 1, kind: Kind.remote, host: 1 },
        { id: 2, kind: Kind.model },
        { id: 3, kind: Kind.model },
        { id: 4, kind: Kind.remote, host: 1 },
      ],
      [
        { id: 0, kind: Kind.remote, host: 0 },
        { id: 1, kind: Kind.model },
        { id: 2, kind: Kind.remote, host: 0 },
        { id: 3, kind: Kind.remote, host: 0 },
        { id: 4, kind: Kind.live },
      ],
    ],
  );
  t.same(
    [one, two].map(({ kernel }) => kernel.linksMade.map(({ id }) => id)),
    [[0, 1], [0]],
    "a link is made where it ends",
  );
  t.match(one.kernel.shares, [{ host: 0, hosts: 2, address: Buffer.from([192, 0, 2, 7]) }]);
  t.match(two.kernel.shares, [{ host: 1, hosts: 2 }]);
  t.same(one.kernel.shares[0]?.key, two.kernel.shares[0]?.key, "they have one key");
  t.match(one.kernel.peers, [{ host: 1, udpPort: 47_600, address: Buffer.from([192, 0, 2, 7]) }]);
  t.match(two.kernel.peers, [{ host: 0 }]);
  t.same([one.kernel.sessions, two.kernel.sessions], [0, 0], "nothing is left");
  t.same(one.loaded, ["livestack", "livestack_vcpu", "livestack_sync"]);
});

t.test("a host that cannot make its part ends the run on all", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const [one, two] = await cluster.startTwoAgents();
  two.kernel.refuse = (what) =>
    what === "sync-new"
      ? new NetlinkError("EADDRNOTAVAIL", "no address of this host", { attribute: "address" })
      : undefined;
  const { world } = cluster;
  const file = world.scenario(`
name: apart
session: {end: commands, duration: 60s}
components:
  one: {host: node1, image: {kernel: ${one.root}/kernel}, run: [echo here]}
  two: {host: node2, image: {kernel: ${two.root}/kernel}, run: [echo there]}
links: [{endpoints: ["one:eth0", "two:eth0"], latency: 5ms}]
`);
  const { status, stderr } = await cluster.livestack("run", file, "--out", world.out);
  t.not(status, 0);
  t.match(stderr, /no address of this host/);
  t.same([one.kernel.sessions, two.kernel.sessions], [0, 0]);
  t.same([one.processes(), two.processes()], [[], []]);
});
