// SPDX-License-Identifier: Apache-2.0
// Links between virtual machines in a lab host whose time counts instructions: real guests, real ping. What
// is asked of times is only what holds always: nothing comes before its link's latency.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { tinyGuest } from "@livestack/image";
import { buildModules, repoRoot, resolveKernel, startCommand } from "@livestack/lab";
import t from "tap";
import { count, form } from "./form.js";
import { LabDriver } from "./lab-driver.js";
import type { Outcome } from "./livestack-here.js";
import { withLab } from "./with-lab.js";

if (form === "short") {
  t.pass("guests speak with each other", { skip: "the demo does, in the short form" });
  process.exit(0);
}

const PINGS = count(10, 200);
const BOOT_LIMIT_MS = 1_200_000;
const program = [process.execPath, join(repoRoot, "packages/controller/bin/livestack.js")];
const place = mkdtempSync(join(tmpdir(), "livestack-links-"));
t.teardown(() => rmSync(place, { recursive: true }));

const guest = "image: builtin:tiny, memory: 128MiB";
const scenarios = {
  ping: `
name: ping
session: {end: commands}
components:
  a: {${guest}, run: ["ping -c ${PINGS} -i 0.1 b"]}
  b: {${guest}}
links:
  - {endpoints: ["a:eth0", "b:eth0"], latency: 20ms}
`,
  lossy: `
name: lossy
session: {end: commands}
components:
  a: {${guest}, run: ["ping -c 50 -i 0.1 -W 1 b || true", "ping -c 3 -s 1400 -W 1 c || true"]}
  b: {${guest}}
  c: {${guest}}
links:
  - {endpoints: [a, b], latency: 20ms, back: {loss: 50%}, seed: 5}
  - {endpoints: [a, c], latency: 30ms, back: {latency: 25ms, mtu: 1000}}
`,
  changed: `
name: changed
session: {end: commands}
components:
  a: {${guest}, setup: [mkfifo /tmp/go], run: [ping -c 3 b, read -r _ </tmp/go, ping -c 3 b, read -r _ </tmp/go, "! ping -c 2 -W 1 b"]}
  b: {${guest}}
links:
  - {endpoints: [a, b], latency: 20ms}
`,
};
for (const [name, text] of Object.entries(scenarios))
  writeFileSync(join(place, `${name}.yaml`), text);

await buildModules(await resolveKernel("6.12"));
tinyGuest();
const { hosts } = await withLab(t, "links", { exact: true, memoryBytes: 2 ** 31 });
const host = hosts[0]?.name ?? "";
const driver = await LabDriver.start(
  host,
  fileURLToPath(new URL("./vm-driver.js", import.meta.url)),
);
const sh = (line: string) => driver.ask<Outcome>("sh", line);
const livestack = (...args: string[]) => driver.ask<Outcome>("livestack", ...args);
const run = (name: keyof typeof scenarios) => [
  ...program,
  ...["run", join(place, `${name}.yaml`), "--out", "/root/runs"],
];

async function resultOf(name: string) {
  return JSON.parse((await sh(`cat /root/runs/${name}-*/result.json`)).stdout);
}

function timesOf(stdout: string): number[] {
  return [...stdout.matchAll(/ time=([\d.]+) ms/g)].map(([, ms]) => Number(ms));
}

async function left(): Promise<string> {
  return (await sh("ls -d /sys/class/net/ls* /run/livestack/* 2>/dev/null; pgrep -c qemu")).stdout;
}

t.test("every ping takes the latency there and back, and none is late", async (t) => {
  t.equal((await sh("modprobe kvm_amd || modprobe kvm_intel")).status, 0);
  const outcome = await livestack(...run("ping").slice(2));
  t.equal(outcome.status, 0, outcome.stderr);
  const { components, links, late_deliveries: late } = await resultOf("ping");
  const times = timesOf(components[0].commands[0].stdout).toSorted((a, b) => a - b);
  t.equal(times.length, PINGS);
  t.ok((times[0] ?? 0) >= 40, `the soonest answer came after ${times[0]} ms`);
  t.comment(`${PINGS} pings: median ${times[PINGS >> 1]} ms, the last ${times.at(-1)} ms`);
  t.equal(late, 0);
  t.match(links, [{ name: "a-b", dropped: 0, late: 0 }]);
  t.equal(await left(), "0\n");
});

t.test("losses are counted, and the same with the same seed", async (t) => {
  const outcomes: unknown[] = [];
  for (let times = 0; times < 2; times++) {
    const outcome = await livestack(...run("lossy").slice(2));
    t.equal(outcome.status, 0, outcome.stderr);
    const { components, links } = await resultOf("lossy");
    const [lossy, short] = links;
    t.ok(lossy.dropped_by.loss > 0 && lossy.dropped === lossy.dropped_by.loss, lossy);
    t.equal(short.dropped_by.mtu, 3, "answers that are too long");
    const seqs = components[0].commands[0].stdout.match(/seq=\d+/g);
    outcomes.push(seqs?.length);
    await sh("rm -r /root/runs");
  }
  t.ok(Number(outcomes[0]) > 5 && Number(outcomes[0]) < 45, `${outcomes[0]} answers`);
});

t.test("a link is changed while time goes on, and what a kill leaves is taken away", async (t) => {
  const command = await startCommand(host, { argv: run("changed") });
  command.stdin.end();
  let said = "";
  command.stderr.on("data", (piece: Buffer) => {
    said += piece;
  });
  const over = command.exit.then(() => true);
  const limit = performance.now() + BOOT_LIMIT_MS;
  while (!/^livestack: run/m.test(said)) {
    if (await Promise.race([over, sleep(500)])) throw new Error(said);
    if (performance.now() > limit) throw new Error(`no time began: ${said}`);
  }
  const go = () => livestack("exec", "a", "sh", "-c", "echo >/tmp/go");
  t.equal((await livestack("link", "set", "changed", "a-b", "--latency", "60ms")).status, 0);
  t.match((await livestack("link", "ls", "changed")).stdout, /^ *a-b +a +b +up +60 ms /m);
  t.equal((await go()).status, 0);
  const refused = await livestack("link", "set", "changed", "a-b", "--latency", "1ms");
  t.equal(refused.status, 1, "shorter than a window");
  await sh("sleep 5");
  t.equal((await livestack("link", "set", "changed", "a-b", "--down")).status, 0);
  t.equal((await go()).status, 0);
  t.same(await command.exit, { status: 0, signal: 0 }, said);
  const { components, links } = await resultOf("changed");
  const [first, , second] = components[0].commands;
  t.ok(Math.min(...timesOf(first.stdout)) >= 40, first.stdout);
  t.ok(Math.min(...timesOf(second.stdout)) >= 120, second.stdout);
  t.ok(links[0].dropped_by.down > 0, JSON.stringify(links));
  t.equal(await left(), "0\n");
});

t.test("what a killed livestack leaves is taken away by release --end", async (t) => {
  const command = await startCommand(host, { argv: run("changed") });
  command.stdin.end();
  let said = "";
  command.stderr.on("data", (piece: Buffer) => {
    said += piece;
  });
  while (!/^livestack: run/m.test(said)) await sleep(500);
  await sh("pkill -9 -f 'livestack.js run'");
  await command.exit;
  t.match(await left(), /ls\d+x0a\n.*ls\d+x0at/s, "its interfaces go on");
  t.equal((await livestack("release", "changed", "--end")).status, 0);
  t.equal(await left(), "0\n");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  t.equal((await sh("rmmod livestack_ipc livestack_vcpu livestack")).status, 0);
  const { stdout } = await sh("dmesg --level emerg,alert,crit,err");
  t.notMatch(stdout, /Oops|BUG:|WARNING:|livestack/);
  await driver.end();
});
