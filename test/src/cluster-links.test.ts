// SPDX-License-Identifier: Apache-2.0
// Two guests on two lab hosts: pings and a stream over the link between them come out as on one host,
// whatever the hosts' own network does.
import { fileURLToPath } from "node:url";
import { debianGuest, tinyGuest } from "@livestack/image";
import t, { type Test } from "tap";
import { ClusterLab } from "./cluster-lab.js";
import { form } from "./form.js";
import { LabDriver } from "./lab-driver.js";
import { checkTcp, timesOf } from "./links-host.js";
import { tellsOfReset, unlessReset } from "./unless-reset.js";
import { checkStopped, endTraces, startTraces } from "./window-traces.js";

if (form === "short") {
  t.pass("guests of two hosts speak with each other", { skip: "guests boot: takes too long" });
  process.exit(0);
}

const PINGS = 200;
/** Those take minutes: who is to be killed meanwhile is killed in time. */
const MANY_PINGS = 20_000;
const LATENCY_MS = 20;
const RATE_BPS = 5_000_000;
const PACKAGES = ["iperf3"];

const WEATHERS = [
  ["nothing", ""],
  ["1 ms of delay, 10 ms more or less, and 5 % of loss", "delay 1ms 10ms loss 5%"],
  ["20 ms of delay, 10 ms more or less, and 5 % of loss", "delay 20ms 10ms loss 5%"],
] as const;

tinyGuest();
await debianGuest({ packages: PACKAGES }, { log: (line) => t.comment(line) });
const lab = await ClusterLab.start(t, "apart", 2, { memoryBytes: 2 ** 31 });
const [first = "", second = ""] = lab.hosts.map(({ name }) => name);
await lab.onAll("modprobe kvm_amd || modprobe kvm_intel");

function pair(guest: string, a: string, b: string, link: string): string {
  return `
name: apart
session: {end: commands, on_overshoot: count}
components:
  a: {host: ${first}, ${guest}, ${a}}
  b: {host: ${second}, ${guest}, ${b}}
links:
  - {endpoints: ["a:eth0", "b:eth0"], ${link}}
`;
}

const pinging = (pings: number) =>
  pair(
    "image: builtin:tiny, memory: 128MiB",
    `run: ["ping -c ${pings} -i 0.1 b"]`,
    "run: []",
    `latency: ${LATENCY_MS}ms, capture: true`,
  );

const streaming = pair(
  `image: builtin:debian, packages: [${PACKAGES.join(", ")}], memory: 256MiB`,
  "run: ['iperf3 -c b -t 10 -i 0 -J']",
  'setup: ["iperf3 -s -D"], run: []',
  "latency: 10ms, rate: 5Mbit, limit: {bytes: 64KiB}",
);

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

async function run(t: Test, scenario: string) {
  const outcome = await unlessReset(async () => {
    const outcome = await lab.run(scenario);
    if (outcome.status !== 0 && tellsOfReset(outcome.said)) throw new Error(outcome.said);
    return outcome;
  });
  t.equal(outcome.status, 0, outcome.said);
  return outcome.result;
}

let bridgeMs = Number.NaN;

t.test("to compare with: two guests on a plain bridge of one host", async (t) => {
  const file = fileURLToPath(new URL("./bridge-driver.js", import.meta.url));
  const plain = await LabDriver.start(first, file);
  await plain.ask("start");
  const times = timesOf(await plain.ask<string>("ping", "-c", String(PINGS), "-i", "0.1"));
  await plain.ask("end");
  await plain.end();
  bridgeMs = medianOf(times);
  t.equal(times.length, PINGS);
});

for (const [what, netem] of WEATHERS)
  t.test(`pings take what the link takes, with ${what} between the hosts`, async (t) => {
    for (const { name } of lab.hosts) await lab.weather(name, netem);
    const result = await run(t, pinging(PINGS));
    for (const { name } of lab.hosts) await lab.weather(name, "");
    const times = timesOf(result?.components[0]?.commands[0]?.stdout ?? "");
    t.equal(times.length, PINGS, "all are answered");
    const [soonest, median] = [Math.min(...times), medianOf(times)];
    t.ok(soonest >= 2 * LATENCY_MS, `the soonest after ${soonest} ms`);
    t.ok(
      median - 2 * LATENCY_MS <= 2 * bridgeMs,
      `median ${median} ms; ${bridgeMs} ms on a plain bridge`,
    );
    const [link] = result?.links ?? [];
    t.equal(result?.late_deliveries, 0, "none late");
    t.equal(link?.dropped, link?.dropped_by.gone, "none is lost");
    t.comment(
      `${what}: median ${median} ms, ${(Number(result?.simulated_ns) / 1e9).toFixed(1)} s simulated ` +
        `in ${(Number(result?.wall_ns) / 1e9).toFixed(1)} s`,
    );
  });

t.test("a rate of 5 Mbit carries as much between hosts", async (t) => {
  const result = await run(t, streaming);
  const report = JSON.parse(result?.components[0]?.commands[0]?.stdout ?? "{}");
  const tcpBps = report.end.sum_received.bits_per_second;
  checkTcp(t, tcpBps, RATE_BPS);
  // Guests with much to do run past the end of a window now and then: that is counted, as on one host.
  t.equal(result?.links[0]?.late, result?.late_deliveries);
  t.comment(`${result?.late_deliveries} late`);
});

t.test("a VMM that is killed on one host ends the run on both, within a window", async (t) => {
  const { status, said } = await unlessReset(async () => {
    await startTraces(lab);
    const run = await lab.begin(pinging(MANY_PINGS));
    await run.until(/^livestack: simulated/m);
    await lab.sh(second, "pkill -9 qemu");
    return lab.outcome(run);
  });
  t.not(status, 0, "no result that looks right");
  t.match(said, /b: its VMM was killed by SIGKILL \[COMPONENT_LOST\]/);
  checkStopped(t, await endTraces(lab));
  await lab.nothingLeft();
});

t.test("the kernels have nothing to complain about", (t) => lab.checkKernels(t));
