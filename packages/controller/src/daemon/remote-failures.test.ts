// SPDX-License-Identifier: Apache-2.0
// What ends a run on a host of a controller before its time, and that nothing is left of it.
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { listStates } from "../host/session-state.js";
import { processesNaming } from "../run/run-world-for-test.js";
import { ClusterWorld } from "./cluster-world-for-test.js";
import { begunOn, killed, waiting } from "./waiting-run-for-test.js";

const LIVESTACK = fileURLToPath(new URL("../../bin/livestack.js", import.meta.url));

t.test("a session whose command line is gone for good is ended", async (t) => {
  const cluster = await ClusterWorld.create(t, { absentMs: 200 });
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { ca, certificate, key } = cluster.files({ role: "user", name: "ann" });
  const file = cluster.world.scenario(waiting(host.root));
  const args = [LIVESTACK, "run", file, "--out", cluster.world.out];
  const place = ["--controller", cluster.address, "--ca", ca];
  const child = spawn(
    process.execPath,
    [...args, ...place, "--certificate", certificate, "--key", key],
    { env: cluster.world.env, stdio: "ignore" },
  );
  await cluster.eventually("time has begun", () => begunOn(host));
  await killed(child);
  await cluster.eventually("it is ended", () => host.kernel.sessions === 0);
  await cluster.eventually("its VMM has ended", () => host.processes().length === 0);
  await cluster.eventually(
    "the controller forgets it",
    () => cluster.controller.sessions.kept.length === 0,
  );
  t.match(cluster.lines.join("\n"), /session waiting \(.*\): nobody came back for it; it is ended/);
});

t.test("a VMM that is killed and Ctrl-C end a run as they do on one machine", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { world } = cluster;
  const file = world.scenario(waiting(host.root));
  const first = cluster.livestack("run", file, "--out", world.out);
  await cluster.eventually("time has begun", () => begunOn(host));
  const [vmm] = listStates(host.root)[0]?.components ?? [];
  process.kill(vmm?.process?.pid ?? 0, "SIGKILL");
  t.match(await first, { status: 6, stderr: /one: .*\[COMPONENT_LOST\]/ });
  // The fake guest's command is a process of this machine: it goes on without its VMM.
  const gate = join(host.root, "gate");
  writeFileSync(gate, "");
  await cluster.eventually("the command has ended", () => processesNaming(gate).length === 0);
  rmSync(gate);
  const second = cluster.livestack("run", file, "--out", world.out);
  await cluster.eventually("time has begun again", () => begunOn(host));
  world.interrupt.abort();
  t.match(await second, { status: 130, stderr: /\[INTERRUPTED\]/ });
  writeFileSync(gate, "");
  t.same(host.processes(), []);
  t.equal(host.kernel.sessions, 0);
  t.same(cluster.controller.sessions.kept, []);
});

t.test("Ctrl-C gives up a host that is lost, at once", async (t) => {
  const cluster = await ClusterWorld.create(t);
  const { world: host, stop } = await cluster.startAgent("node1");
  await cluster.until("node1", "up");
  const { world } = cluster;
  const run = cluster.livestack("run", world.scenario(waiting(host.root)), "--out", world.out);
  await cluster.eventually("time has begun", () => begunOn(host));
  await stop();
  await cluster.until("node1", "lost");
  world.interrupt.abort();
  t.match(await run, {
    status: 1,
    stderr: /node1: its agent was told to stop \[HOST_LOST\]\nhint: /,
  });
  // What goes on without an agent there, the next one takes over, and its controller has it ended.
  const [state] = listStates(host.root);
  t.equal(state?.led, true);
  for (const { process: vmm } of state?.components ?? []) if (vmm) process.kill(vmm.pid, "SIGKILL");
  writeFileSync(join(host.root, "gate"), "");
});
