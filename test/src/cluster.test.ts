// SPDX-License-Identifier: Apache-2.0
// One session on several lab hosts, each with a kernel of its own: what comes out is the same whatever the
// network between them does, and whatever dies.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { windowsInKernels } from "@livestack/bench";
import { repoRoot } from "@livestack/lab";
import t, { type Test } from "tap";
import { ClusterLab, type ClusterRun, eventually } from "./cluster-lab.js";
import { count, form } from "./form.js";
import type { LabDaemon } from "./lab-daemon.js";
import { checkStopped, endTraces, type HostTrace, spansOf, startTraces } from "./window-traces.js";

const SIGKILL = 9;
const REQUESTS = count(4_000, 400);
const WINDOWS_AT_LEAST = 50;
const CUT_MS = count(8_000, 60_000);
const models = join(repoRoot, "kernel/build/selftests");

const lab = await ClusterLab.start(t, "cluster", count(2, 3));
const [first = "", second = "", third = second] = lab.hosts.map(({ name }) => name);
/** Of the host that is killed, in full form. */
const survivors = lab.hosts
  .map(({ name }) => name)
  .filter((name) => form === "short" || name !== third);

function model(host: string, role: string, ...args: (string | number)[]): string {
  const line = `exec ${models}/model_${role} $LIVESTACK_SESSION $LIVESTACK_COMPONENT ${args.join(" ")}`;
  return `{host: ${host}, kind: model, command: [sh, -c, "${line}"]}`;
}

/** Two clients of one server, each on a host; their times do not depend on how the hosts are placed. */
function scenario(places: readonly [string, string, string], requests = REQUESTS): string {
  const [one, two, server] = places;
  return `
name: cluster
session: {duration: 3600s, end: commands}
components:
  one: ${model(one, "client", 0, requests, 1, 2_000_000)}
  two: ${model(two, "client", 1, requests, 2, 3_000_000)}
  server: ${model(server, "server", 2, 500_000)}
links:
  - {endpoints: [one, server], latency: 5ms}
  - {endpoints: [two, server], latency: 7ms, rate: 10Mbit}
`;
}

/** What is simulated of it. */
function simulated({ result, logs }: ClusterRun) {
  const links = result?.links.map(({ name, delivered, dropped, late }) => ({
    ...{ name, delivered, dropped, late },
  }));
  return { logs, links };
}

/** As a host's own kernel has it. */
async function statusAt(host: string): Promise<string> {
  const program = join(repoRoot, "packages/controller/bin/livestack.js");
  return lab.sh(host, `${process.execPath} ${program} status cluster 2>&1; true`);
}

function checkWhole(t: Test, run: ClusterRun, requests: number): void {
  t.equal(run.status, 0, run.said);
  for (const name of ["one", "two"])
    t.equal(run.logs[name]?.trim().split("\n").length, requests, `all of ${name} are answered`);
  t.equal(run.result?.late_deliveries, 0);
}

let alone: ClusterRun | undefined;

t.test("on one host, to compare with", async (t) => {
  alone = await lab.run(scenario([first, first, first]));
  checkWhole(t, alone, REQUESTS);
});

const WEATHERS = [
  ["nothing", ""],
  ["1 ms of delay", "delay 1ms 1ms"],
  ["20 ms of delay, 10 ms more or less, and 5 % of loss", "delay 20ms 10ms loss 5%"],
] as const;

for (const [what, netem] of form === "full" ? WEATHERS : WEATHERS.slice(-1))
  t.test(`on ${lab.hosts.length} hosts the same, with ${what} between them`, async (t) => {
    for (const { name } of lab.hosts) await lab.weather(name, netem);
    await startTraces(lab);
    const apart = await lab.run(scenario([first, second, third]));
    for (const { name } of lab.hosts) await lab.weather(name, "");
    checkWhole(t, apart, REQUESTS);
    t.same(simulated(apart), alone && simulated(alone), "to the nanosecond");
    checkTraces(t, await endTraces(lab));
  });

/** No host has opened a window before each other one had opened the last. */
function checkTraces(t: Test, traces: readonly HostTrace[]): void {
  const [one, ...others] = traces.map(spansOf);
  t.ok((one?.length ?? 0) >= WINDOWS_AT_LEAST, `${one?.length} windows`);
  for (const other of others) t.same(one, other, "all open the same windows");
  for (const ahead of traces)
    for (const behind of traces) {
      const offMs = ahead.offMs + behind.offMs;
      const early = ahead.windows.filter(({ atMs }, index) => {
        const before = behind.windows[index - 1];
        return before !== undefined && before.atMs > atMs + offMs;
      });
      const known = `${offMs.toFixed(1)} ms are not known of their clocks`;
      t.equal(early.length, 0, `${ahead.host} is never ahead of ${behind.host}; ${known}`);
    }
}

/** Of packets that a host sends, so many more than are needed: who waits for long asks. */
const ASKED_AT_MOST = 0.25;

for (const size of lab.hosts.slice(1).map((_, index) => index + 2))
  t.test(`${size} hosts send each other at most one packet for a window`, async (t) => {
    const costs = await windowsInKernels(lab.hosts.slice(0, size), count(500, 5_000));
    for (const { packets } of costs) {
      const most = (size - 1) * (1 + ASKED_AT_MOST);
      // One that comes when the other has said the next round already has both of ours.
      const least = (size - 1) / 2;
      t.ok(packets >= least && packets <= most, `${packets} packets, ${least} to ${most}`);
    }
  });

/** One that takes so long that there is time to disturb it, and what it comes to. */
const LONG = count(REQUESTS, 20_000);
let whole: ClusterRun | undefined;

async function disturbed(disturb: (run: LabDaemon) => Promise<void>): Promise<ClusterRun> {
  const run = await lab.begin(scenario([first, second, third], LONG));
  await run.until(/^livestack: run/m);
  await disturb(run);
  return lab.outcome(run);
}

t.test("a long one on one host, to compare with", async (t) => {
  whole = LONG === REQUESTS ? alone : await lab.run(scenario([first, first, first], LONG));
  t.ok(whole);
  if (whole) checkWhole(t, whole, LONG);
});

/** The host is cut off, and the others stand until it is back. */
async function cutOff(t: Test, host: string): Promise<void> {
  await lab.weather(host, "loss 100%");
  await eventually("the others pause", async () =>
    /^state +paused \(host \d is silent\)/m.test(await statusAt(first)),
  );
  const shown = await statusAt(first);
  t.match(shown, new RegExp(`^ *\\d +${host} .*silent`, "m"), "who is missing");
  await sleep(CUT_MS);
  const clockIn = (text: string) => /^simulated +(.+),/m.exec(text)?.[1];
  t.equal(clockIn(await statusAt(first)), clockIn(shown), "no simulated time passes");
  await lab.weather(host, "");
}

async function killAgent(t: Test, run: LabDaemon): Promise<void> {
  // What has not begun yet is ended by an agent that takes over.
  await run.until(/^livestack: simulated/m);
  t.equal(await lab.cluster.agent(second).end(SIGKILL), 128 + SIGKILL);
  await lab.cluster.startAgent(second);
}

async function killController(t: Test): Promise<void> {
  t.equal(await lab.cluster.controller.end(SIGKILL), 128 + SIGKILL);
  await lab.cluster.startController();
}

/** Each run takes an emulated host a minute. */
const OF_FULL = form === "full" ? {} : { skip: "takes longer than the short form may" };

const DISTURBANCES = [
  [`a host that is cut off for ${CUT_MS / 1000} s`, (t: Test) => cutOff(t, third)],
  ["an agent that is killed", killAgent],
  ["a controller that is killed", killController],
] as const;

for (const [what, disturb] of form === "full" ? DISTURBANCES : DISTURBANCES.slice(0, 1))
  t.test(`${what} changes nothing of what comes out`, async (t) => {
    const run = await disturbed((begun) => disturb(t, begun));
    checkWhole(t, run, LONG);
    t.same(simulated(run), whole && simulated(whole));
  });

t.test("a component that is killed on one host ends the run on all", OF_FULL, async (t) => {
  await startTraces(lab);
  const run = await disturbed(async (begun) => {
    await begun.until(/^livestack: simulated/m);
    await lab.sh(third, "pkill -9 -x model_server");
  });
  t.not(run.status, 0);
  t.match(run.said, /server.*\[COMPONENT_LOST\]/);
  checkStopped(t, await endTraces(lab));
  await lab.nothingLeft();
});

t.test("a host that is killed ends the run, once it is given up", OF_FULL, async (t) => {
  const run = await disturbed(async () => {
    await lab.sh(third, "echo o >/proc/sysrq-trigger").catch(() => {});
    await eventually("the others pause", async () =>
      /^state +paused \(host \d is silent\)/m.test(await statusAt(first)),
    );
    await lab.cluster.run("hosts", "rm", third, "--force");
  });
  t.not(run.status, 0, "no result that looks right");
  t.equal(run.result, undefined);
  t.match(run.said, new RegExp(`${third}`));
  await lab.nothingLeft(survivors);
});

t.test("the kernels have nothing to complain about", (t) => lab.checkKernels(t, survivors));
