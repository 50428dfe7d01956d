// SPDX-License-Identifier: Apache-2.0
// `livestack attach` in a lab host: a VM that somebody else has started, what its VMM answers while the VM stands
// still, a vCPU that is plugged in, a reset, an end.
import { fileURLToPath } from "node:url";
import { tinyGuest } from "@livestack/image";
import { buildModules, moduleFile, resolveKernel } from "@livestack/lab";
import t, { type Test } from "tap";
import { form } from "./form.js";
import { LabDriver } from "./lab-driver.js";
import type { Outcome } from "./livestack-here.js";
import type { GuestAnswer, QmpAnswer } from "./vm-driver.js";
import { withLab } from "./with-lab.js";

/** In an emulated host that has other work all takes long; a VMM that hangs takes for ever. */
const ANSWER_LIMIT_MS = 30_000;
const PAUSE_S = form === "full" ? 60 : 5;
/** of a session that `attach` makes */
const WINDOW_NS = 10_000_000;
const driverFile = fileURLToPath(new URL("./vm-driver.js", import.meta.url));

const kernel = await resolveKernel("6.12");
await buildModules(kernel);
// In the lab host, which is emulated and forgets it, making it would take minutes.
tinyGuest();
const { hosts } = await withLab(t, "attach", { cpus: 2, memoryBytes: 2 ** 31 });
const driver = await LabDriver.start(hosts[0]?.name ?? "", driverFile);
const ask = driver.ask.bind(driver) as typeof driver.ask;
const livestack = (...args: string[]) => ask<Outcome>("livestack", ...args);
const guest = (line: string) => ask<GuestAnswer>("guest", line);
const sh = (line: string) => ask<Outcome>("sh", line);

async function done(t: Test, ...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await livestack(...args);
  t.equal(status, 0, `livestack ${args.join(" ")} ${stderr}`);
  return stdout;
}

async function statusOf(name: string) {
  return JSON.parse((await livestack("status", name, "-o", "json")).stdout);
}

async function answersQmp(t: Test, when: string, ...commands: [string, unknown?][]) {
  for (const [command, args] of commands) {
    const text = args === undefined ? [] : [JSON.stringify(args)];
    const { answer, error, ms } = await ask<QmpAnswer>("qmp", command, ...text);
    t.ok(error === undefined && ms < ANSWER_LIMIT_MS, `${when}: ${command} ${error ?? ""}`);
    t.comment(`${when}: ${command} answered in ${ms} ms: ${JSON.stringify(answer).slice(0, 60)}`);
  }
}

const registers = ["human-monitor-command", { "command-line": "info registers" }] as [
  string,
  unknown,
];
const LOOK: [string, unknown?][] = [["query-status"], registers];

t.test("what is no VM is refused with the reason, and nothing is left of it", async (t) => {
  t.equal((await sh("modprobe kvm_amd || modprobe kvm_intel")).status, 0);
  for (const folder of ["core", "vcpu"])
    t.equal((await sh(`insmod ${moduleFile(kernel, folder)}`)).status, 0);
  const none = await livestack("attach", "--pid", "4000000");
  t.match(none, { status: 1, stderr: /there is no process 4000000 \[NOT_ATTACHED\]/ });
  const init = await livestack("attach", "--pid", "1");
  t.match(init.stderr, /runs no machine under KVM: say a VMM's pid \[NOT_ATTACHED\]/);
  t.match(await livestack("attach", "--name", "web"), { stderr: /no VM named 'web' runs here/ });
  t.same(JSON.parse(await done(t, "ls", "-o", "json")).sessions, []);
});

t.test("a VM that runs is attached by its name, once", async (t) => {
  const { pid } = await ask<{ pid: number }>("start", "web", "-smp", "1,maxcpus=2");
  t.equal((await guest("uname -n")).stdout, "tiny\n");
  t.match(
    await done(t, "attach", "--name", "web"),
    new RegExp(`^web \\(pid ${pid}\\) is component 0`),
  );
  const again = await livestack("attach", "--pid", String(pid));
  t.match(again, { status: 1, stderr: /NOT_ATTACHED/ });
  t.comment(again.stderr);
  t.equal(JSON.parse(await done(t, "ls", "-o", "json")).sessions.length, 1);
  t.match((await statusOf("web")).components, [{ name: "web", vcpus: 1, pid }]);
  await answersQmp(t, "gated", ...LOOK);
});

t.test("its guest's time is the session's, at work and idle", async (t) => {
  // What the guest's clock is ahead of the session's by, from what was read before and after.
  const ahead = { least: -Infinity, most: Infinity };
  // Idle, it would skip minutes between one look and the next.
  await ask("guest-start", "until test -e /tmp/timed; do :; done");
  for (const work of [
    "true",
    "sleep 20",
    "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done",
    "true",
  ]) {
    await guest(work);
    const before = (await statusOf("web")).session.clock_ns;
    const { startNs, endNs } = await guest("true");
    const after = (await statusOf("web")).session.clock_ns;
    ahead.least = Math.max(ahead.least, Number(endNs) - after);
    ahead.most = Math.min(ahead.most, Number(startNs) - before);
    const bounds = `${(Number(endNs) - after) / 1e6} to ${(Number(startNs) - before) / 1e6} ms`;
    t.comment(`at ${after / 1e6} ms after "${work}" the guest's clock is ahead by ${bounds}`);
  }
  await guest("touch /tmp/timed");
  t.ok(ahead.least <= ahead.most + WINDOW_NS, `${ahead.least} to ${ahead.most}`);
});

t.test("a vCPU that is plugged in is gated, and its clock goes with the other's", async (t) => {
  // Skipped, so that the guest's clock is far from where it would be if it had never stood.
  await guest("sleep 200");
  await ask("guest-start", "until test -e /tmp/plugged; do :; done");
  const { answer } = await ask<QmpAnswer>("qmp", "query-hotpluggable-cpus");
  const slots = answer as { type: string; props: object; "qom-path"?: string }[];
  const free = slots.find((slot) => slot["qom-path"] === undefined);
  await answersQmp(t, "gated", ["device_add", { driver: free?.type, id: "cpu1", ...free?.props }]);
  // From the next window on.
  let vcpus = 0;
  for (let looks = 0; vcpus < 2 && looks < 100; looks++)
    vcpus = (await statusOf("web")).components[0].vcpus;
  t.equal(vcpus, 2);
  const { stdout } = await sh(
    "mount -t debugfs none /sys/kernel/debug; cat /sys/kernel/debug/kvm/*/vcpu*/tsc-offset",
  );
  const [first = 0, second = 0] = stdout.trim().split("\n").map(Number);
  const mhz = Number((await sh("sed -n 's/^cpu MHz.*: //p' /proc/cpuinfo | head -1")).stdout);
  const apartS = (second - first) / mhz / 1e6;
  t.comment(`counters of the two are ${apartS} s apart`);
  t.ok(Math.abs(apartS) < 50, `${apartS} s`);
  t.equal((await guest("touch /tmp/plugged")).exit, 0, "the guest goes on");
});

t.test("a session that was paused: its VMM answers, its guest has seen no gap", async (t) => {
  // Parked, then: a guest with nothing to do would be idle.
  await ask("guest-start", "until test -e /tmp/go; do :; done");
  const before = await guest("true");
  await done(t, "pause", "web");
  const paused = (await statusOf("web")).session.clock_ns;
  await answersQmp(t, "paused", ...LOOK, ["stop"], ...LOOK, ["cont"], ...LOOK);
  await sh(`sleep ${PAUSE_S}`);
  const later = (await statusOf("web")).session.clock_ns;
  t.equal(later, paused, "simulated time stands");
  await done(t, "resume", "web");
  const after = await guest("touch /tmp/go");
  const { clock_ns: clockNs } = (await statusOf("web")).session;
  const saw = Number(BigInt(after.startNs) - BigInt(before.endNs));
  t.comment(`the guest saw ${saw / 1e6} ms; session ${paused / 1e6} to ${clockNs / 1e6} ms`);
  t.ok(saw < PAUSE_S * 1e9, "the guest has not seen the pause");
});

t.test("a reset, told to the VMM while all stands still, lets the VM run free", async (t) => {
  await ask("guest-start", "while :; do :; done");
  await done(t, "pause", "web");
  await answersQmp(t, "paused", ["system_reset"], ["query-status"]);
  await done(t, "resume", "web");
  await ask("reconnect");
  const { components, session } = await statusOf("web");
  t.match(components, [{ parting: "reset" }]);
  t.comment(JSON.stringify(session));
  t.equal((await guest("uname -n")).stdout, "tiny\n", "it has booted anew");
  t.match(await done(t, "detach", "web"), /had no VM any more, and is gone/);
});

t.test("it is attached again, and its VMM ends while all stands still", async (t) => {
  await done(t, "attach", "--name", "web");
  await ask("guest-start", "while :; do :; done");
  await done(t, "pause", "web");
  await answersQmp(t, "paused", ["quit"]);
  t.equal(await ask("ended"), 0);
  t.match((await statusOf("web")).components, [{ parting: "ended" }]);
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await done(t, "detach", "web");
  t.same(JSON.parse(await done(t, "ls", "-o", "json")).sessions, []);
  const modules = await sh("rmmod livestack_vcpu livestack");
  t.equal(modules.status, 0, modules.stderr);
  const { stdout } = await sh("dmesg --level emerg,alert,crit,err");
  t.notMatch(stdout, /Oops|BUG:|WARNING:|livestack/);
  await driver.end();
});
