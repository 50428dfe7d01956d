// SPDX-License-Identifier: Apache-2.0
// Hosts of a controller, over real TLS on loopback: who is let in, who is shown, who comes back.
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AgentServiceClient, Hello } from "@livestack/proto/agent";
import t, { type Test } from "tap";
import { channelTo, readCertificates } from "../cluster/credentials.js";
import { errorOf } from "../cluster/rpc-error.js";
import type { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { ClusterWorld } from "./cluster-world-for-test.js";

t.test("a host that is added connects, and is shown with what it has", async (t) => {
  const cluster = await ClusterWorld.create(t);
  t.match(await cluster.livestack("hosts", "ls"), { status: 0, stdout: /no hosts/ });
  t.match(await cluster.livestack("hosts", "add", "node1"), { status: 0, stderr: "" });
  t.match(await cluster.livestack("hosts", "ls"), { stdout: /^node1 +unseen .* never/m });
  const { world } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  t.match(await cluster.livestack("hosts", "ls"), {
    status: 0,
    stdout: /^node1 +up +\d+ +0 vCPUs +0\.0 of [\d.]+ GiB +\S+ +0\.1\.0 +0\.1\.0 +\d s ago +-$/m,
  });
  const { hosts } = JSON.parse((await cluster.livestack("hosts", "ls", "-o", "json")).stdout);
  t.match(hosts, [{ name: "node1", state: "up", drained: false, health: { sessions: [] } }]);
  const others = { uuid: "0f3c6d1e-8a51-4f6e-9d53-6d3f5a1c0001", name: "other", quantumNs: 1n };
  await (await world.kernel.openClient()).sessionNew(others);
  await cluster.eventually("what its kernel has is shown, whoever made it", () => {
    const [session] = cluster.controller.hosts.get("node1").health?.sessions ?? [];
    return session?.name === "other" && !session.served;
  });
  t.match(await cluster.world.livestack("hosts", "ls"), { stdout: /^node1 +up/m }, "local socket");
});

/** An agent that says what a test wants. */
function rawAgent(t: Test, cluster: ClusterWorld, host: string) {
  const certificates = readCertificates(cluster.files({ role: "agent", name: host }), "agent");
  const { channel, options } = channelTo(cluster.address, certificates);
  const client = new AgentServiceClient(cluster.address, channel, options);
  t.teardown(() => client.close());
  const stream = client.connect();
  const refused = new Promise<LivestackError>((done) =>
    stream.on("error", (error) => done(errorOf(error, cluster.address))),
  );
  const welcome = new Promise((done) => stream.once("data", done));
  const hello = (more: Partial<Hello> = {}) => {
    const value = Hello.fromPartial({ host, version: programVersion(), instance: "raw", ...more });
    stream.write({ message: { $case: "hello", value } });
  };
  return { stream, hello, refused, welcome };
}

async function clusterWith(t: Test, host: string, beatMs = 1_000) {
  const cluster = await ClusterWorld.create(t, { beatMs });
  await cluster.issue({ role: "agent", name: host });
  cluster.controller.hosts.add(host);
  return cluster;
}

t.test("an agent two minor releases off is refused, and shown so", async (t) => {
  const cluster = await clusterWith(t, "node1");
  const { hello, refused } = rawAgent(t, cluster, "node1");
  hello({ version: "0.3.0" });
  t.match(await refused, { code: "VERSION_SKEW", message: /it is version 0\.3\.0/ });
  const { stdout } = await cluster.livestack("hosts", "ls");
  t.match(stdout, /^node1 +refused .* 0\.3\.0 /m);
  t.match(stdout, /^node1: it is version 0\.3\.0, and the controller is 0\.1\.0$/m);
  const near = rawAgent(t, cluster, "node1");
  near.hello({ version: "0.2.7" });
  await near.welcome;
  t.equal(cluster.controller.hosts.get("node1").condition, "up", "one minor release works");
});

t.test("a host has one agent: the second is refused while the first is there", async (t) => {
  const cluster = await clusterWith(t, "node1");
  const first = rawAgent(t, cluster, "node1");
  first.hello({ instance: "first" });
  await first.welcome;
  const second = rawAgent(t, cluster, "node1");
  second.hello({ instance: "second" });
  t.match(await second.refused, { code: "HOST_TAKEN" });
  first.stream.end();
  await cluster.until("node1", "lost");
  const third = rawAgent(t, cluster, "node1");
  third.hello({ instance: "second" });
  await third.welcome;
  t.equal(cluster.controller.hosts.get("node1").condition, "up");
});

t.test("a host that says nothing for three beats is lost", async (t) => {
  const cluster = await clusterWith(t, "node1", 100);
  const { hello, welcome, refused } = rawAgent(t, cluster, "node1");
  hello();
  await welcome;
  t.match(await refused, { code: "HOST_LOST", message: /nothing was heard of it for 0\.3 s/ });
  t.match((await cluster.livestack("hosts", "ls")).stdout, /^node1 +lost/m);
});

t.test("a drained host gets nothing new, and one in use is not removed", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { world } = cluster;
  const scenario = `
name: kept
session: {end: commands, duration: 600s}
components:
  one:
    image: {kernel: ${host.root}/kernel}
    run: ["while test -d ${host.root} && ! test -e ${host.root}/gate; do sleep 0.1; done"]
`;
  const file = world.scenario(scenario);
  const run = cluster.livestack("run", file, "--out", world.out);
  await cluster.eventually(
    "it is placed",
    () => cluster.controller.sessions.on("node1").length > 0,
  );
  t.match(await cluster.livestack("hosts", "rm", "node1"), {
    status: 1,
    stderr: /node1: sessions have components there: kept of ann \[HOST_IN_USE\]\nhint: /,
  });
  t.match(await cluster.livestack("hosts", "drain", "node1"), { stdout: /still there: kept/ });
  const refused = await cluster.livestack("run", file, "--out", world.out);
  t.match(refused, { status: 1, stderr: /\[NO_ROOM\]/ });
  writeFileSync(join(host.root, "gate"), "");
  t.match(await run, { status: 0 }, "what was there has gone on to its end");
  t.match(await cluster.livestack("hosts", "drain", "node1", "--undo"), { stdout: /used again/ });
  const again = await cluster.livestack("run", file, "--out", world.out);
  t.equal(again.status, 0, again.stderr);
  t.match(await cluster.livestack("hosts", "rm", "node1"), { status: 0 });
  t.match(await cluster.livestack("hosts", "rm", "node1"), { stderr: /\[NO_SUCH_HOST\]/ });
});

t.test("a run whose host is removed by force ends at once, and says why", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const scenario = `
name: doomed
session: {end: commands, duration: 600s}
components: {one: {image: {kernel: ${host.root}/kernel}, run: [sleep 600]}}
`;
  const { world } = cluster;
  const run = cluster.livestack("run", world.scenario(scenario), "--out", world.out);
  await cluster.eventually("it boots", () => host.processes().length > 0);
  t.match(await cluster.livestack("hosts", "rm", "node1", "--force"), { status: 0 });
  t.match(await run, { status: 1, stderr: /node1: it was removed .*\[HOST_LOST\]/ });
  await cluster.eventually("its VMM is ended", () => host.processes().length === 0);
  await cluster.eventually("and its session", () => host.kernel.sessions === 0);
});

t.test("the inventory outlives the controller, for its eyes only", async (t) => {
  const cluster = await ClusterWorld.create(t);
  await cluster.livestack("hosts", "add", "node1");
  await cluster.livestack("hosts", "add", "node2");
  await cluster.livestack("hosts", "drain", "node2");
  t.equal(statSync(join(cluster.world.root, "state/state.json")).mode & 0o777, 0o600);
  await cluster.stopController();
  await cluster.startController();
  t.match(
    (await cluster.livestack("hosts", "ls")).stdout,
    /node1 +unseen .*\nnode2 +unseen, drained/,
  );
  t.match(await cluster.livestack("hosts", "add", "node1"), { stderr: /\[HOST_EXISTS\]/ });
  t.match(await cluster.livestack("hosts", "add", "a/b"), { stderr: /\[BAD_VALUE\]/ });
  await cluster.stopController();
  writeFileSync(join(cluster.world.root, "state/state.json"), "{");
  await t.rejects(cluster.startController(), { code: "SYSTEM", hint: /move it away/ });
});

t.test("either side says goodbye when it is told to stop, and agents come back", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const agent = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  await cluster.stopController("maintenance");
  await cluster.eventually("it heard", () =>
    cluster.lines.some((line) => /says goodbye: maintenance/.test(line)),
  );
  await cluster.startController();
  cluster.controller.hosts.find("node1") ?? cluster.controller.hosts.add("node1");
  await cluster.until("node1", "up");
  await agent.stop();
  await cluster.until("node1", "lost");
  t.equal(cluster.controller.hosts.get("node1").why, "its agent was told to stop");
});
