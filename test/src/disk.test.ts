// SPDX-License-Identifier: Apache-2.0
// Modelled disks of virtual machines in a lab host: what a request takes by the guest's clock, at two speeds
// of everything else, and what is left when something is killed.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { diskProgram } from "@livestack/controller";
import { tinyGuest } from "@livestack/image";
import { repoRoot } from "@livestack/lab";
import t, { type Test } from "tap";
import { compileGuest } from "./compile-guest.js";
import { form } from "./form.js";
import { LinksHost } from "./links-host.js";

if (form === "short") {
  t.pass("guests have modelled disks", { skip: "takes longer than the short form may" });
  process.exit(0);
}

const LATENCY_NS = 5_000_000;
/** 800 Mbit/s: 100 bytes a microsecond. */
const BYTES_PER_NS = 0.1;
/** What the guest itself and an emulated host take for a request, beyond what a plain disk takes. */
const PROCESSING_NS = 2_000_000;
const place = mkdtempSync(join(tmpdir(), "livestack-disk-"));
t.teardown(() => rmSync(place, { recursive: true }));

const job = compileGuest(fileURLToPath(new URL("../guest/disk_job.c", import.meta.url)), place);
// Holds each of its windows open for a while, asleep: nobody's simulated time goes on meanwhile.
const holder = join(place, "hold.mjs");
writeFileSync(
  holder,
  `import { setTimeout as sleep } from "node:timers/promises";
import { ModelComponent } from "file://${join(repoRoot, "packages/model/dist/index.js")}";
const model = ModelComponent.join();
for (;;) {
  await model.wait(model.clockNs + 5_000_000n);
  await sleep(200);
}
`,
);
const guest = `image: builtin:tiny, memory: 128MiB, disks: [{size: 64MiB}], files: [{from: ${job}, to: /root/disk_job}]`;
const measured = `
  plain: {${guest}, run: [/root/disk_job /dev/vda]}
  modelled: {${guest}, disk: {latency: 5ms, rate: 800Mbit}, run: [/root/disk_job /dev/vda]}`;
const data = [
  "mke2fs /dev/vda >/dev/null 2>&1 && mount -t ext4 /dev/vda /mnt",
  "head -c 3000000 /dev/urandom >/tmp/random && cp /tmp/random /mnt/file && sync",
  "umount /mnt && echo 3 >/proc/sys/vm/drop_caches && mount -t ext4 /dev/vda /mnt",
  "cmp /tmp/random /mnt/file && echo same",
];
const scenarios = {
  swift: `
name: swift
session: {end: commands}
components:${measured}
`,
  held: `
name: held
session: {end: commands}
components:${measured}
  holder: {kind: model, command: [${process.execPath}, ${holder}]}
`,
  kept: `
name: kept
session: {end: commands}
components:
  one: {${guest}, disk: {latency: 2ms}, setup: [mkfifo /tmp/go], run: [${data.map((line) => JSON.stringify(line)).join(", ")}, read -r _ </tmp/go, cmp /tmp/random /mnt/file, "sync && echo last"]}
`,
};

tinyGuest();
// In the lab host it could not be kept.
diskProgram();
const host = await LinksHost.start(t, "disk", scenarios);

/** [least, median] of each kind of request, by component. */
async function timesOf(t: Test, scenario: "swift" | "held") {
  const outcome = await host.run(scenario);
  t.equal(outcome.status, 0, outcome.stderr);
  const { components, simulated_ns, wall_ns, late_deliveries } = await host.resultOf(scenario);
  t.equal(late_deliveries, 0, "no message is late");
  const [plain, modelled] = components.map((component: { commands: { stdout: string }[] }) =>
    Object.fromEntries(
      [...(component.commands[0]?.stdout ?? "").matchAll(/^(\w+) (\d+) (\d+)$/gm)].map(
        ([, name, least, median]) => [name, [Number(least), Number(median)]],
      ),
    ),
  );
  t.comment(JSON.stringify({ scenario, plain, modelled, simulated_ns, wall_ns }));
  return { plain, modelled, slowness: wall_ns / simulated_ns };
}

const sizes = { fsync: 0, write: 4096, read: 1 << 20 };

t.test("a request takes its latency and its size by the guest's clock, at any speed", async (t) => {
  const swift = await timesOf(t, "swift");
  const held = await timesOf(t, "held");
  t.ok(held.slowness > 5 * swift.slowness, `${held.slowness} and ${swift.slowness}`);
  for (const { plain, modelled } of [swift, held])
    for (const [name, bytes] of Object.entries(sizes)) {
      const wanted = LATENCY_NS + bytes / BYTES_PER_NS;
      const [least] = modelled[name];
      t.ok(least >= wanted, `${name}: never less: ${least}`);
      // The least of several: an emulated host that stood for long is slow to go on, which guests see.
      const most = wanted + plain[name][0] + PROCESSING_NS;
      t.ok(least <= most, `${name}: ${least}, at most ${most}`);
    }
});

async function left(): Promise<string> {
  return `${await host.left()}${(await host.sh("pgrep -c livestack-disk")).stdout}`;
}

t.test("what is written is there, also when another livestack takes over", async (t) => {
  const { command } = await host.begin("kept");
  t.match((await host.livestack("link", "ls", "kept")).stdout, /one:vda +one +one +up +2 ms/);
  await host.sh("pkill -9 -f 'livestack.js run'");
  await command.exit;
  const adopted = await host.adopt("kept");
  t.equal((await host.livestack("exec", "one", "sh", "-c", "echo >/tmp/go")).status, 0);
  t.same(await adopted.command.exit, { status: 0, signal: 0 }, adopted.said);
  const { components } = await host.resultOf("kept");
  const { commands } = components[0];
  t.match(commands.at(3), { exit: 0, stdout: "same\n" });
  t.match(commands.at(-1), { exit: 0, stdout: "last\n" });
  t.equal(await left(), "0\n0\n");
  await host.forgetRuns();
});

t.test("a back end that is killed ends the run in words", async (t) => {
  const run = await host.begin("kept");
  await host.sh("pkill -9 livestack-disk");
  t.same(await run.command.exit, { status: 6, signal: 0 }, run.said);
  t.match(run.said, /one: the back end of its disk vda was killed by SIGKILL \[COMPONENT_LOST\]/);
  t.equal(await left(), "0\n0\n");
});

t.test("what a killed livestack leaves is named, and goes by release --end", async (t) => {
  const { command } = await host.begin("kept");
  await host.sh("pkill -9 -f 'livestack.js run'");
  await command.exit;
  const back = (await host.sh("pgrep livestack-disk")).stdout.trim();
  const released = await host.livestack("release", "kept");
  t.match(released.stdout, new RegExp(`one \\(pid \\d+, its disks ${back},`));
  t.equal((await host.livestack("release", "kept", "--end")).status, 0);
  t.equal(await left(), "0\n0\n");
});

t.test("the kernel has nothing to complain about, and its modules go", async (t) => {
  await host.checkKernel(t);
});
