// SPDX-License-Identifier: Apache-2.0
// How long pings take over links, in a lab host: the link's latency there and back,
// and beside it no more than what the two guests take themselves, which is measured on a plain bridge.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tinyGuest } from "@livestack/image";
import { repoRoot } from "@livestack/lab";
import t, { type Test } from "tap";
import { form } from "./form.js";
import { LabDriver } from "./lab-driver.js";
import { LinksHost, timesOf } from "./links-host.js";

if (form === "short") {
  t.pass("pings take the latency there and back", { skip: "guests boot: takes too long" });
  process.exit(0);
}

const PINGS = 200;
const LATENCY_MS = 20;
const BUSY = 4;
const BUSY_MOVES_AT_MOST = 0.05;
/** of a ping that says nothing else: 56 bytes, with ICMP's, IP's and Ethernet's headers */
const FRAME_BYTES = 98;
const SWITCH_PINGS = 20;
const SWITCH_BITS_PER_MS = 1_000;
const LATENCIES_MS = { a: 10, b: 15, c: 20 } as const;

interface Lost {
  dropped_by: { gone: number };
}

type Host = keyof typeof LATENCIES_MS;
const HOSTS = Object.keys(LATENCIES_MS) as Host[];

const guest = "image: builtin:tiny, memory: 128MiB";
const ping = `ping -c ${PINGS} -i 0.1`;
const switchProgram = join(repoRoot, "examples/switch/build/livestack-switch");

/** What a guest of an emulated host runs too far is its own, unless a message comes late. */
const session = "session: {end: commands, on_overshoot: count}";

function pair(name: string): string {
  return `
name: ${name}
${session}
components:
  a: {${guest}, run: ["${ping} b"]}
  b: {${guest}}
links:
  - {endpoints: ["a:eth0", "b:eth0"], latency: ${LATENCY_MS}ms}
`;
}

function addressOf(host: Host): string {
  return `10.8.0.${HOSTS.indexOf(host) + 1}`;
}

function othersOf(host: Host): Host[] {
  return HOSTS.filter((each) => each !== host);
}

function switched(): string {
  const hosts = HOSTS.map((host) => {
    const run = othersOf(host).map(
      (other) => `"ping -c ${SWITCH_PINGS} -i 0.2 ${addressOf(other)}"`,
    );
    return `  ${host}: {${guest}, run: [${run.join(", ")}]}`;
  });
  const links = HOSTS.map(
    (host) =>
      `  - {endpoints: ["${host}:eth0", switch], latency: ${LATENCIES_MS[host]}ms, ` +
      `addresses: [${addressOf(host)}/24, 10.8.0.254/24]}`,
  );
  return `
name: switched
${session}
components:
${hosts.join("\n")}
  switch: {kind: model, command: ["${switchProgram}", --rate, 1Mbit]}
links:
${links.join("\n")}
`;
}

/** There and back, each time over two links and the line of one of the switch's ports. */
function modelledMs(from: Host, to: Host): number {
  const line = (FRAME_BYTES * 8) / SWITCH_BITS_PER_MS;
  return 2 * (LATENCIES_MS[from] + LATENCIES_MS[to] + line);
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? Number.NaN;
}

function checkCount(t: Test, times: readonly number[], what: string): void {
  t.equal(times.length, PINGS, `all pings are answered: ${what}`);
}

/** Nothing is lost, but for what is on its way when simulated time ends. */
function checkLost(t: Test, link: { name: string; late: number; dropped: number } & Lost): void {
  t.equal(link.late, 0, link.name);
  t.equal(link.dropped, link.dropped_by.gone, JSON.stringify(link));
}

const scenarios = {
  idle: pair("idle"),
  busy: pair("busy"),
  switched: switched(),
};

const make = spawnSync("make", ["-s", "-C", join(repoRoot, "examples/switch")]);
t.equal(make.status, 0, make.stderr.toString());
tinyGuest();
const host = await LinksHost.start(t, "times", scenarios);
const plain = await LabDriver.start(
  host.name,
  fileURLToPath(new URL("./bridge-driver.js", import.meta.url)),
);

/** Medians in ms, without and with processes that take the processor. */
interface Medians {
  idle: number;
  busy: number;
}

function moved({ idle, busy }: Medians): number {
  return Math.abs(busy - idle) / idle;
}

async function plainPings(t: Test, what: string): Promise<number> {
  const times = timesOf(await plain.ask<string>("ping", "-c", String(PINGS), "-i", "0.1"));
  checkCount(t, times, what);
  return medianOf(times);
}

let bridgeMs = Number.NaN;
const netem: Medians = { idle: Number.NaN, busy: Number.NaN };
const link: Medians = { idle: Number.NaN, busy: Number.NaN };

t.test("to compare with: two guests on a plain bridge, and with netem", async (t) => {
  await plain.ask("start");
  bridgeMs = await plainPings(t, "a plain bridge");
  await plain.ask("delay", `${LATENCY_MS}ms`);
  netem.idle = await plainPings(t, "netem");
  await plain.ask("busy", String(BUSY));
  netem.busy = await plainPings(t, "netem on a busy host");
  await plain.ask("busy", "0");
  await plain.ask("end");
  t.ok(bridgeMs > 0, `${bridgeMs} ms`);
});

t.test("every ping takes the latency there and back, and little else; none is late", async (t) => {
  const outcome = await host.run("idle");
  t.equal(outcome.status, 0, outcome.stderr);
  const { components, links, late_deliveries: late } = await host.resultOf("idle");
  const times = timesOf(components[0].commands[0].stdout);
  checkCount(t, times, "a link");
  t.ok(
    Math.min(...times) >= 2 * LATENCY_MS,
    `the soonest answer came after ${Math.min(...times)} ms`,
  );
  link.idle = medianOf(times);
  const beside = link.idle - 2 * LATENCY_MS;
  t.ok(beside <= 2 * bridgeMs, `${beside} ms beside the latency; ${bridgeMs} ms on a plain bridge`);
  t.equal(late, 0);
  checkLost(t, links[0]);
  t.equal(await host.left(), "0\n");
});

t.test(`with ${BUSY} busy processes they take as long`, async (t) => {
  const run = await host.begin("busy");
  await plain.ask("busy", String(BUSY));
  const exit = await run.command.exit;
  await plain.ask("busy", "0");
  t.same(exit, { status: 0, signal: 0 }, run.said);
  const { components } = await host.resultOf("busy");
  const times = timesOf(components[0].commands[0].stdout);
  checkCount(t, times, "a link on a busy host");
  t.ok(Math.min(...times) >= 2 * LATENCY_MS);
  link.busy = medianOf(times);
  t.ok(moved(link) < BUSY_MOVES_AT_MOST, `from ${link.idle} ms to ${link.busy} ms`);
  t.comment(
    `| median of ${PINGS} pings, ${LATENCY_MS} ms each way | idle | ${BUSY} busy | moved |`,
  );
  for (const [name, medians] of [
    ["link of LiveStack", link],
    ["plain netem, ungated", netem],
  ] as const)
    t.comment(
      `| ${name} | ${medians.idle} ms | ${medians.busy} ms | ${(100 * moved(medians)).toFixed(1)} % |`,
    );
});

t.test("three guests at a modelled switch ping each other as it has been calculated", async (t) => {
  const outcome = await host.run("switched");
  t.equal(outcome.status, 0, outcome.stderr);
  const { components, links, late_deliveries: late } = await host.resultOf("switched");
  for (const [index, from] of HOSTS.entries())
    for (const [command, to] of othersOf(from).entries()) {
      const times = timesOf(components[index].commands[command].stdout);
      const wanted = modelledMs(from, to);
      const [soonest, median] = [Math.min(...times), medianOf(times)];
      const what = `${from} to ${to}: ${wanted} ms calculated, ${soonest} ms at least, median ${median}`;
      t.equal(times.length, SWITCH_PINGS, what);
      // Ping prints thousandths of a millisecond.
      t.ok(soonest >= wanted - 0.001 && median - wanted <= 2 * bridgeMs, what);
    }
  t.equal(late, 0);
  for (const link of links) checkLost(t, link);
  t.equal(await host.left(), "0\n");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await plain.end();
  await host.checkKernel(t);
});
