// SPDX-License-Identifier: Apache-2.0
// `livestack run` in a lab host: real guests under KVM, real modules; and what is left when something is
// killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { tinyGuest } from "@livestack/image";
import { buildModules, repoRoot, resolveKernel, startCommand } from "@livestack/lab";
import t, { type Test } from "tap";
import { makeBootDisk } from "./boot-disk.js";
import { form } from "./form.js";
import { LabDaemon } from "./lab-daemon.js";
import { LabDriver } from "./lab-driver.js";
import type { Outcome } from "./livestack-here.js";
import { withLab } from "./with-lab.js";

const BOOT_LIMIT_MS = 600_000;
const program = [process.execPath, join(repoRoot, "packages/controller/bin/livestack.js")];
const server = join(repoRoot, "kernel/build/selftests/model_server");
const place = mkdtempSync(join(tmpdir(), "livestack-run-"));
t.teardown(() => rmSync(place, { recursive: true }));

if (form === "short") {
  t.pass("guests boot in an emulated host", { skip: "takes longer than the short form may" });
  process.exit(0);
}

const guest = "image: builtin:tiny, memory: 128MiB, setup: [mkfifo /tmp/go]";
// A guest that computes takes a processor from all else here; one that waits for its host takes none, and without
// a duration its session waits with it.
const hold = "read -r _ </tmp/go";
const go = ["sh", "-c", "echo >/tmp/go"];
const scenarios = {
  whole: `
name: whole
session: {end: commands}
components:
  one:
    image: builtin:tiny
    memory: 128MiB
    disks: [{size: 16MiB}]
    setup: [mkfifo /tmp/go, mke2fs /dev/vda, mount /dev/vda /mnt]
    ready: test -d /mnt/lost+found
    run: [date -u +%F, sleep 2, "echo x >/mnt/x && sync", "${hold}"]
    collect: [/mnt/x]
  two: {${guest}, vcpus: 2, run: [sleep 5, "exit 3"]}
  server: {kind: model, command: [sh, -c, "exec ${server} $LIVESTACK_SESSION $LIVESTACK_COMPONENT 1 30000"]}
`,
  lost: `
name: lost
session: {end: commands, on_loss: release}
components:
  left: {${guest}, run: [echo first, "${hold}", echo last]}
  off: {${guest}, run: ["${hold}"]}
  reset: {${guest}, run: ["${hold}"]}
  killed: {${guest}, run: ["${hold}"]}
`,
  alone: `
name: alone
session: {end: commands}
components:
  one: {${guest}, run: [echo first, "${hold}", echo last]}
`,
  disk: `
name: disk
session: {end: commands}
components:
  boots: {image: {disk: boot.img, format: raw}, memory: 128MiB, run: [cat /proc/cmdline, sleep 2 && echo x >/dev/vda]}
`,
};
for (const [name, text] of Object.entries(scenarios))
  writeFileSync(join(place, `${name}.yaml`), text);

await buildModules(await resolveKernel("6.12"));
// In the lab host, which is emulated and forgets it, making it would take minutes.
tinyGuest();
const { hosts } = await withLab(t, "run", { cpus: 2, memoryBytes: 2 ** 31 });
const host = hosts[0]?.name ?? "";

const driverFile = fileURLToPath(new URL("./vm-driver.js", import.meta.url));
const driver = await LabDriver.start(host, driverFile);
const sh = (line: string) => driver.ask<Outcome>("sh", line);
const livestack = (...args: string[]) => driver.ask<Outcome>("livestack", ...args);

/** Starts a run and waits for simulated time to begin. */
async function begin(name: keyof typeof scenarios): Promise<LabDaemon> {
  const argv = [...program, "run", join(place, `${name}.yaml`), "--out", "/root/runs"];
  const run = await LabDaemon.start(host, argv);
  await run.until(/^livestack: run/m, BOOT_LIMIT_MS);
  return run;
}

async function resultOf(name: string) {
  return JSON.parse((await sh(`cat /root/runs/${name}-*/result.json`)).stdout);
}

async function checkNothingLeft(t: Test): Promise<void> {
  t.match(
    (await sh("pgrep -c qemu; ls /run/livestack")).stdout,
    /^0\n$/,
    "no VM, no session folder",
  );
  t.same(JSON.parse((await livestack("ls", "-o", "json")).stdout).sessions, [], "no session");
}

t.test("without KVM it is said what is missing, and nothing is made", async (t) => {
  const outcome = await livestack("run", join(place, "alone.yaml"), "--out", "/root/runs");
  t.equal(outcome.status, 3);
  t.match(outcome.stderr, /\/dev\/kvm: this machine has no \/dev\/kvm \[NO_KVM\]\nhint: modprobe/);
  t.match(
    (await sh("ls /run/livestack /root/runs 2>&1; pgrep -c qemu")).stdout,
    /No such.*No such.*\n0\n$/s,
  );
  t.equal((await sh("modprobe kvm_amd || modprobe kvm_intel")).status, 0);
});

t.test(
  "two guests and a model on one time: commands, a look from outside, the result",
  async (t) => {
    const run = await begin("whole");
    const status = await livestack("status", "whole", "-o", "json");
    t.match(JSON.parse(status.stdout).components, [
      { name: "one", vcpus: 1 },
      { vcpus: 2 },
      { kind: "model" },
    ]);
    const inside = await livestack("exec", "one", "--", "sh", "-c", "uname -n; exit 7");
    t.same([inside.status, inside.stdout], [7, "tiny\n"], inside.stderr);
    t.match((await livestack("logs", "two")).stdout, /^two console \| BusyBox/m);
    t.equal((await livestack("exec", "one", ...go)).status, 0);
    t.same(await run.command.exit, { status: 5, signal: 0 }, run.said);
    t.match(run.said, /two: exit 3: ended with status 3 \[COMMAND_FAILED\]/);
    const { components, warnings, ...whole } = await resultOf("whole");
    t.match(whole, { schema: "livestack.result/1", mode: "strict", late_deliveries: 0 });
    const [one, two] = components;
    t.match(one.commands, [
      { exit: 0, stdout: "2026-01-01\n" },
      { exit: 0 },
      { exit: 0 },
      { exit: 0 },
    ]);
    t.match(two.commands, [{ exit: 0 }, { exit: 3 }]);
    const slept = one.commands[1].guest_ns;
    t.ok(slept >= 2_000_000_000 && slept < whole.simulated_ns, `${slept} of ${whole.simulated_ns}`);
    t.ok(one.vcpus[0].windows > 0 && two.vcpus.length === 2);
    t.match(warnings.join("\n"), /one: 2 times a command was run in it from outside/);
    t.equal((await sh("cat /root/runs/whole-*/components/one/collected/mnt/x")).stdout, "x\n");
    await checkNothingLeft(t);
  },
);

async function killLivestack({ command }: LabDaemon): Promise<void> {
  const { stdout: pid } = await sh("pgrep -f 'livestack.js run'");
  await sh(`kill -9 ${pid}`);
  await command.exit;
}

t.test("livestack is killed: the next one goes on with what it left", async (t) => {
  await killLivestack(await begin("lost"));
  t.match((await sh("pgrep -c qemu")).stdout, /^4\n$/, "its VMs go on");
  const adopting = await startCommand(host, { argv: [...program, "adopt", "lost"] });
  adopting.stdin.end();
  let words = "";
  adopting.stderr.on("data", (piece: Buffer) => {
    words += piece;
  });
  while (!/taken over/.test(words) && !/\[[A-Z_]+\]/.test(words)) await sleep(500);
  // The connection to who is asked for this ends with it.
  await livestack("exec", "off", "poweroff", "-f");
  await livestack("exec", "reset", "reboot", "-f");
  await sh("pkill -9 -f guest=killed");
  const told = await livestack("exec", "left", ...go);
  t.equal(told.status, 0, `${told.stderr}${words}`);
  t.same(await adopting.exit, { status: 0, signal: 0 }, words);
  const { components, warnings, mode } = await resultOf("lost");
  t.match(components[0].commands, [{ stdout: "first\n" }, { exit: 0 }, { stdout: "last\n" }]);
  t.match(
    components.slice(1),
    [1, 2, 3].map(() => ({ commands: [{ exit: null }] })),
  );
  const text = warnings.join("\n");
  t.match(text, /another livestack took over/);
  t.match(text, /^off: its guest powered off, while the session went on$/m);
  t.match(text, /^reset: its guest was reset, while the session went on$/m);
  t.match(text, /^killed: its VMM has ended, while the session went on$/m);
  t.equal(mode, "free", "that they were released is told");
  await checkNothingLeft(t);
});

t.test("livestack is killed: what it left is released by its name", async (t) => {
  await killLivestack(await begin("alone"));
  const released = await livestack("release", "alone");
  t.equal(released.status, 0, released.stderr);
  const { stdout: pid } = await sh("pgrep qemu");
  t.match(released.stdout, new RegExp(`one.*${pid.trim()}`));
  t.same(JSON.parse((await livestack("ls", "-o", "json")).stdout).sessions, [], "no session");
  const ended = await livestack("release", "alone", "--end");
  t.equal(ended.status, 0, ended.stderr);
  await checkNothingLeft(t);
  await sh("rm -r /root/runs");
});

t.test("a VMM is killed: the run says so, with what was measured", async (t) => {
  const run = await begin("alone");
  await sh("pkill -9 qemu");
  t.same(await run.command.exit, { status: 6, signal: 0 });
  t.match(run.said, /one: its VMM was killed by SIGKILL \[COMPONENT_LOST\]/);
  const { components } = await resultOf("alone");
  t.match(components[0].commands, [{}, { exit: null }, { exit: null }]);
  await checkNothingLeft(t);
});

t.test("a guest boots its own disk by the firmware, and its image is not written to", async (t) => {
  const bootDisk = join(place, "boot.img");
  makeBootDisk(bootDisk, (await driver.ask<number | null>("tsc-khz")) ?? undefined);
  // In the lab host, whose writes do not come through to this machine's disk.
  const sum = async () => (await sh(`sha256sum ${bootDisk}`)).stdout;
  const before = await sum();
  const outcome = await livestack("run", join(place, "disk.yaml"), "--out", "/root/runs");
  t.equal(outcome.status, 0, outcome.stderr);
  const { components } = await resultOf("disk");
  const [boots] = components;
  t.match(boots.commands, [{ exit: 0, stdout: /BOOT_IMAGE=vmlinuz/ }, { exit: 0 }]);
  t.ok(boots.vcpus[0].windows > 0, "it was gated");
  t.match(before, /^[0-9a-f]{64} /);
  t.equal(await sum(), before);
  await checkNothingLeft(t);
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  t.equal((await sh("rmmod livestack_vcpu livestack")).status, 0);
  const { stdout } = await sh("dmesg --level emerg,alert,crit,err");
  t.notMatch(stdout, /Oops|BUG:|WARNING:|livestack/);
  await driver.end();
});
