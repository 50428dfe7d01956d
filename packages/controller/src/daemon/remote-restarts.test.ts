// SPDX-License-Identifier: Apache-2.0
// Agents and controllers that are killed under a run, and what becomes of it.
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { listStates } from "../host/session-state.js";
import { keptByKernel } from "../run/kept-by-kernel-for-test.js";
import { RunWorld } from "../run/run-world-for-test.js";
import { ClusterWorld } from "./cluster-world-for-test.js";
import { begunOn, killed, waiting } from "./waiting-run-for-test.js";

const AGENT = fileURLToPath(new URL("../host-daemon/agent-process-for-test.js", import.meta.url));
const LIVESTACK = fileURLToPath(new URL("../../bin/livestack.js", import.meta.url));

function agentProcess(cluster: ClusterWorld, world: RunWorld, host: string): ChildProcess {
  const { ca, certificate, key } = cluster.files({ role: "agent", name: host });
  const place = ["--controller", cluster.address, "--host", host, "--ca", ca];
  const args = [AGENT, world.root, ...place, "--certificate", certificate, "--key", key];
  return spawn(process.execPath, args, { env: world.env, stdio: "ignore" });
}

/** A cluster with host node1, whose agent is a process that can be killed. */
async function withAgentProcess(t: Test) {
  const cluster = await ClusterWorld.create(t);
  await cluster.issue({ role: "agent", name: "node1" });
  cluster.controller.hosts.add("node1");
  const host = new RunWorld(t);
  const child = agentProcess(cluster, host, "node1");
  await cluster.until("node1", "up");
  return { cluster, host, child, world: cluster.world };
}

t.test("an agent that is killed and started again goes on with its sessions", async (t) => {
  const { cluster, host, child, world } = await withAgentProcess(t);
  const file = world.scenario(waiting(host.root));
  const run = cluster.livestack("run", file, "--out", world.out);
  await cluster.eventually("time has begun", () => begunOn(host));
  await killed(child);
  await cluster.until("node1", "lost");
  const [state] = listStates(host.root);
  if (!state) throw new Error("the agent left no state");
  await keptByKernel(host.kernel, state);
  await cluster.startAgent("node1", host);
  await cluster.until("node1", "up");
  writeFileSync(join(host.root, "gate"), "");
  const { status, stderr } = await run;
  t.equal(status, 0, stderr);
  t.match(stderr, /host node1 is lost: .*; it is waited for\n.*host node1 is back\n/s);
  t.match(world.result().components[0]?.commands, [
    { exit: 0, stdout: "through\n" },
    { exit: 0, stdout: "after\n" },
  ]);
  t.same(host.processes(), []);
  t.equal(host.kernel.sessions, 0);
});

t.test(
  "an agent that is killed before time has begun ends what it left, and the run",
  async (t) => {
    const { cluster, host, child, world } = await withAgentProcess(t);
    const silent = waiting(host.root).replace("kernel}", "kernel, append: fake=silent}");
    const run = cluster.livestack("run", world.scenario(silent), "--out", world.out);
    await cluster.eventually("it boots", () => host.processes().length > 0);
    await killed(child);
    await cluster.until("node1", "lost");
    await cluster.startAgent("node1", host);
    const { status, stderr } = await run;
    t.equal(status, 1);
    t.match(stderr, /\[NO_SUCH_SESSION\]/);
    t.match(cluster.lines.join("\n"), /session waiting: was left in phase boot; it is ended/);
    await cluster.eventually("its VMM has ended", () => host.processes().length === 0);
  },
);

t.test("a run goes on while its controller is killed and started again", async (t) => {
  const cluster = await ClusterWorld.create(t);
  await cluster.stopController();
  const controller = await controllerProcess(t, cluster);
  await cluster.world.livestack("hosts", "add", "node1", "--controller", controller.socket);
  await cluster.issue({ role: "agent", name: "node1" });
  const { world: host } = cluster.dial("node1", cluster.files({ role: "agent", name: "node1" }));
  const isUp = async () =>
    (await cluster.livestack("hosts", "ls")).stdout.match(/^node1 +up/m) !== null;
  await cluster.eventuallyAsync("node1 is up", isUp);
  const { world } = cluster;
  const run = cluster.livestack("run", world.scenario(waiting(host.root)), "--out", world.out);
  await cluster.eventually("time has begun", () => begunOn(host));
  await controller.kill();
  await controller.start();
  await cluster.eventuallyAsync("node1 is up again", isUp);
  const listed = await cluster.livestack("hosts", "ls");
  t.match(listed.stdout, /^node1 +up .* waiting$/m, "it knows where its sessions are");
  writeFileSync(join(host.root, "gate"), "");
  const { status, stderr } = await run;
  t.equal(status, 0, stderr);
  t.match(stderr, /the controller is lost; the session goes on meanwhile/);
  t.match(stderr, /the controller is back/);
  t.match(world.result().components[0]?.commands[0], { exit: 0, stdout: "through\n" });
});

/** `livestack controller` as a program, at a port of its own that it keeps. */
async function controllerProcess(t: Test, cluster: ClusterWorld) {
  const port = await freePort();
  cluster.moveTo(port);
  const { root, env } = cluster.world;
  const socket = join(root, "c.sock");
  const { ca, certificate, key } = cluster.files({ role: "controller", name: "main" });
  const listen = ["--listen", `127.0.0.1:${port}`, "--no-metrics", "--socket", socket];
  const files = ["--ca", ca, "--certificate", certificate, "--key", key];
  const args = ["controller", ...listen, ...files, "--state", join(root, "state")];
  let child: ChildProcess | undefined;
  const start = async () => {
    child = spawn(process.execPath, [LIVESTACK, ...args], { env, stdio: "ignore" });
    await cluster.eventually("the controller listens", () => existsSync(socket));
  };
  const kill = async () => {
    if (child) await killed(child);
    rmSync(socket, { force: true });
  };
  t.teardown(kill);
  await start();
  return { socket: `unix:${socket}`, start, kill };
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => done(typeof address === "object" && address ? address.port : 0));
    });
  });
}
