// SPDX-License-Identifier: Apache-2.0
// What goes through a link with a rate, by Debian's iperf3 in guests, whose clocks are those of the session.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { debianGuest, tinyGuest } from "@livestack/image";
import t, { type Test } from "tap";
import { debianProgram } from "./debian-program.js";
import { form } from "./form.js";
import { checkTcp, LinksHost } from "./links-host.js";

if (form === "short") {
  t.pass("a link carries its rate", { skip: "guests boot: takes too long" });
  process.exit(0);
}

const RATE_BPS = 5_000_000;
/** of what the emulated guests carry when nothing but they is the limit */
const FILLABLE = 0.8;
const STEP_LIMIT_MS = 3_600_000;
const UDP_BYTES = 1400;
const UDP_FRAME_BYTES = UDP_BYTES + 42;
const UDP_BPS = 2 * RATE_BPS;
/** of a connection that controls, and of ARP, some may be dropped beside what is counted */
const OTHER_FRAMES = 20;

/** Says that the command before it has ended, and waits for goOn(). */
function wait(name: string): string {
  return `touch /tmp/${name}.done && read -r _ </tmp/go`;
}

const place = mkdtempSync(join(tmpdir(), "livestack-iperf3-"));
t.teardown(() => rmSync(place, { recursive: true }));
// In the lab host, which is emulated and forgets it, making it would take hours.
const { disk } = await debianGuest({ packages: ["iperf3"] }, { log: (line) => t.comment(line) });
const files = debianProgram(disk, "/usr/bin/iperf3", place);
tinyGuest();

function scenario(name: string, link: string, run: readonly string[], collect: readonly string[]) {
  return `
name: ${name}
session: {end: commands, on_overshoot: count}
x-guest: &guest {image: builtin:tiny, memory: 256MiB, files: ${files}}
components:
  a: {<<: *guest, setup: [mkfifo /tmp/go], run: ${JSON.stringify(run)}, collect: ${JSON.stringify(collect)}}
  b: {<<: *guest, setup: [iperf3 -s -D]}
links:
  - {endpoints: ["a:eth0", "b:eth0"], latency: 10ms, ${link}}
`;
}

const scenarios = {
  rate: scenario(
    "rate",
    "rate: 5Mbit, limit: {bytes: 64KiB}",
    [
      "iperf3 -c b -t 20 -i 0 -J >/tmp/tcp.json",
      wait("tcp"),
      `iperf3 -c b -u -b ${UDP_BPS} -l ${UDP_BYTES} -t 10 -i 0 -J >/tmp/udp.json`,
      wait("udp"),
    ],
    ["/tmp/tcp.json", "/tmp/udp.json"],
  ),
  // The less they send the seldomer the emulator resets one of them; the slow start does not count.
  fast: scenario(
    "fast",
    "rate: 10Gbit, limit: {bytes: 1MiB}",
    [
      "iperf3 -c b -O 1 -t 3 -i 0 -J >/tmp/free.json",
      wait("free"),
      "iperf3 -c b -O 1 -t 5 -i 0 -J >/tmp/fast.json",
    ],
    ["/tmp/fast.json"],
  ),
};

/** What the kernel says of the way to b; of all that was sent something has become. */
interface Way {
  sent: number;
  received: number;
  dropped: number;
  queued: number;
  dropped_limit: number;
}

const host = await LinksHost.start(t, "rate", scenarios);

async function ask(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await host.livestack(...args);
  if (status !== 0) throw new Error(`livestack ${args.join(" ")}: status ${status}: ${stderr}`);
  return stdout;
}

async function toB(t: Test): Promise<Way> {
  const stdout = await ask("link", "ls", "rate", "-o", "json");
  const way = JSON.parse(stdout).links[0].to_b as Way;
  const { sent, received, dropped, queued } = way;
  t.equal(sent, received + dropped + queued, `of ${sent} sent ${received}, ${dropped}, ${queued}`);
  return way;
}

/** Waits for the end of a command of a's, which then waits for goOn(). */
async function ended(name: string): Promise<void> {
  const limit = performance.now() + STEP_LIMIT_MS;
  const look = () => ask("exec", "a", "sh", "-c", `test -e /tmp/${name}.done && echo ended; true`);
  while ((await look()) === "") {
    if (performance.now() > limit) throw new Error(`${name} has not ended`);
    await sleep(5_000);
  }
}

const goOn = () => ask("exec", "a", "sh", "-c", "echo >/tmp/go");

async function report(name: keyof typeof scenarios, command: string) {
  const folder = `/root/runs/${name}-*/components/a/collected/tmp`;
  const { stdout } = await host.sh(`cat ${folder}/${command}.json`);
  return JSON.parse(stdout).end;
}

async function checkEnd(t: Test, name: keyof typeof scenarios): Promise<void> {
  const { late_deliveries: late, links } = await host.resultOf(name);
  t.comment(`${late} late`);
  t.equal(links[0].late, late);
  t.equal(await host.left(), "0\n");
}

t.test("a rate of 5 Mbit carries so much, and drops and counts the rest", async (t) => {
  const { before, after } = await host.during("rate", async () => {
    await ended("tcp");
    const before = await toB(t);
    await goOn();
    await ended("udp");
    const after = await toB(t);
    await goOn();
    return { before, after };
  });

  checkTcp(t, (await report("rate", "tcp")).sum_received.bits_per_second, RATE_BPS);
  const { packets, lost_packets: lost } = (await report("rate", "udp")).sum;
  const wantedLoss = 1 - (RATE_BPS * UDP_BYTES) / UDP_FRAME_BYTES / UDP_BPS;
  t.ok(
    Math.abs(lost / packets - wantedLoss) < 0.03,
    `UDP: ${lost} of ${packets} lost, ${(100 * wantedLoss).toFixed(1)} % are too many`,
  );
  const dropped = after.dropped_limit - before.dropped_limit;
  t.equal(after.dropped - before.dropped, dropped, "for want of room, and nothing else");
  t.ok(Math.abs(dropped - lost) <= OTHER_FRAMES, `${dropped} were counted, ${lost} missed`);
  t.ok(
    after.sent - before.sent >= packets && after.sent - before.sent <= packets + 10 * OTHER_FRAMES,
    `${after.sent - before.sent} frames for ${packets} packets`,
  );
  await checkEnd(t, "rate");
});

t.test("so does one that is nearly all that the guests can fill", async (t) => {
  const rateBps = await host.during("fast", async () => {
    await ended("free");
    const { end } = JSON.parse(await ask("exec", "a", "cat", "/tmp/free.json"));
    const bps = Math.floor(FILLABLE * end.sum_received.bits_per_second);
    await ask("link", "set", "fast", "a-b", "--rate", `${bps}bit`);
    await goOn();
    return bps;
  });
  checkTcp(t, (await report("fast", "fast")).sum_received.bits_per_second, rateBps);
  await checkEnd(t, "fast");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await host.checkKernel(t);
});
