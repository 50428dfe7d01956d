// SPDX-License-Identifier: Apache-2.0
// What goes through a link with a rate, by iperf3 in Debian guests, whose clocks are those of the session.
import { setTimeout as sleep } from "node:timers/promises";
import { debianGuest } from "@livestack/image";
import t, { type Test } from "tap";
import { form } from "./form.js";
import { checkTcp, LinksHost } from "./links-host.js";

if (form === "short") {
  t.pass("a link carries its rate", { skip: "guests boot: takes too long" });
  process.exit(0);
}

const RATE_BPS = 5_000_000;
const NO_LIMIT_BPS = 10_000_000_000;
/** of what the emulated guests carry when nothing but they is the limit, which includes a slow start */
const FILLABLE = 0.8;
const PACKAGES = ["iperf3"];
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

const scenarios = {
  rate: `
name: rate
session: {end: commands, on_overshoot: count}
x-guest: &guest {image: builtin:debian, packages: [${PACKAGES.join(", ")}], memory: 256MiB}
components:
  a:
    <<: *guest
    setup: [mkfifo /tmp/go]
    run:
      - iperf3 -c b -t 20 -i 0 -J >/tmp/tcp.json
      - ${wait("tcp")}
      - iperf3 -c b -u -b ${UDP_BPS} -l ${UDP_BYTES} -t 10 -i 0 -J >/tmp/udp.json
      - ${wait("udp")}
      - iperf3 -c b -t 5 -i 0 -J >/tmp/free.json
      - ${wait("free")}
      - iperf3 -c b -t 20 -i 0 -J >/tmp/fast.json
      - ${wait("fast")}
    collect: [/tmp/tcp.json, /tmp/udp.json, /tmp/free.json, /tmp/fast.json]
  b:
    <<: *guest
    setup: [iperf3 -s -D]
links:
  - {endpoints: ["a:eth0", "b:eth0"], latency: 10ms, rate: 5Mbit, limit: {bytes: 64KiB}}
`,
};

/** What the kernel says of the way to b; of all that was sent something has become. */
interface Way {
  sent: number;
  received: number;
  dropped: number;
  queued: number;
  dropped_limit: number;
}

// In the lab host, which is emulated and forgets it, making it would take hours.
await debianGuest({ packages: PACKAGES }, { log: (line) => t.comment(line) });
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

async function report(name: string) {
  const { stdout } = await host.sh(`cat /root/runs/rate-*/components/a/collected/tmp/${name}.json`);
  return JSON.parse(stdout).end;
}

/** While it runs. */
async function receivedBps(name: string): Promise<number> {
  const report = JSON.parse(await ask("exec", "a", "cat", `/tmp/${name}.json`));
  return report.end.sum_received.bits_per_second;
}

const setRate = (bps: number) => ask("link", "set", "rate", "a-b", "--rate", `${bps}bit`);

t.test("a rate of 5 Mbit carries so much, and drops and counts the rest", async (t) => {
  const { before, after, fastBps } = await host.during("rate", async () => {
    await ended("tcp");
    const before = await toB(t);
    await goOn();
    await ended("udp");
    const after = await toB(t);
    await setRate(NO_LIMIT_BPS);
    await goOn();
    await ended("free");
    const fastBps = Math.floor(FILLABLE * (await receivedBps("free")));
    await setRate(fastBps);
    await goOn();
    await ended("fast");
    await goOn();
    return { before, after, fastBps };
  });

  checkTcp(t, (await report("tcp")).sum_received.bits_per_second, RATE_BPS);
  checkTcp(t, (await report("fast")).sum_received.bits_per_second, fastBps);

  const { packets, lost_packets: lost } = (await report("udp")).sum;
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
  const { late_deliveries: late, links } = await host.resultOf("rate");
  t.comment(`${late} late`);
  t.equal(links[0].late, late);
  t.equal(await host.left(), "0\n");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await host.checkKernel(t);
});
