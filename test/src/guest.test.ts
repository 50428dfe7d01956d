// SPDX-License-Identifier: Apache-2.0
// builtin:tiny and its agent in an emulated machine of their own: no KVM, no lab, no session.
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestCommandLine } from "@livestack/controller";
import { tinyGuest } from "@livestack/image";
import t from "tap";
import { bootEmulated, said } from "./emulated-guest.js";

const place = mkdtempSync(join(tmpdir(), "livestack-guest-"));
const console = join(place, "console");
const guest = tinyGuest();
const {
  ended,
  disk,
  connect,
  agent: booted,
  starve,
} = await bootEmulated(t, place, [
  ...["-m", "256M", "-serial", `file:${console}`],
  ...["-kernel", guest.kernel, "-initrd", guest.initrd, "-append", guestCommandLine()],
]);
const sh = (line: string) => said(booted, line);

t.test("its clock is the TSC, and nothing in it knows the host's time", async (t) => {
  t.equal(await sh("uname -r"), `${guest.release}\n`);
  const clock = "/sys/devices/system/clocksource/clocksource0";
  t.equal(await sh(`cat ${clock}/current_clocksource`), "tsc\n");
  t.notMatch(await sh(`cat ${clock}/available_clocksource`), /hpet|kvm/);
  t.equal(await sh("ls -d /dev/ptp* /sys/firmware/acpi/tables/HPET 2>/dev/null"), "status 1");
  const log = await sh("dmesg");
  t.match(log, /x2apic enabled/);
  t.notMatch(log, /kvm-clock|Marking clocksource|TSC unstable/);
  t.equal(await sh("cat /proc/cmdline"), `${guestCommandLine()}\n`);
});

t.test("commands: status, signal, bytes, times of its own clock, several at once", async (t) => {
  const failing = await booted.run({ run: "printf 'a\\000b\\n'; echo no >&2; exit 3" }).result;
  t.same([failing.exit, `${failing.stdout}`, `${failing.stderr}`], [3, "a\0b\n", "no\n"]);
  t.ok(booted.hello.monotonicNs < failing.startNs && failing.startNs < failing.endNs);
  const [one, two] = [booted.run({ run: "sleep 1000" }), booted.run({ run: ["sleep", "1000"] })];
  await booted.kill(two.id, 9);
  await booted.kill(one.id, 15);
  t.equal((await one.result).signal, 15);
  t.equal((await two.result).signal, 9);
  const large = await booted.run({ run: "head -c 3000000 /dev/urandom | tee /tmp/random" }).result;
  t.equal(large.stdout.length, 1 << 20);
  t.equal(large.stdoutLost, 3_000_000n - (1n << 20n));
});

t.test("files go in and out", async (t) => {
  const random = await booted.getFile("/tmp/random");
  t.equal(random.length, 3_000_000);
  await booted.putFile("/root/copy", random, 0o700);
  t.equal(await sh("cmp /root/copy /tmp/random && stat -c %a /root/copy"), "700\n");
  await booted.putFile("/usr/local/bin/said", Buffer.from("#!/bin/sh\necho said\n"), 0o755);
  t.equal(`${(await booted.run({ run: ["said"] }).result).stdout}`, "said\n");
});

t.test("a disk takes writes, and they are on it after fsync", async (t) => {
  const steps = [
    "mke2fs /dev/vda >/dev/null 2>&1",
    "mount -t ext4 /dev/vda /mnt",
    "dd if=/root/copy of=/mnt/file bs=64k conv=fsync 2>/dev/null",
    "cmp /mnt/file /root/copy",
    "printf 'livestack was here' | dd of=/dev/vda bs=512 conv=fsync 2>/dev/null",
  ];
  t.equal(await sh(steps.join(" && ")), "");
  t.equal(readFileSync(disk).toString("latin1", 0, 18), "livestack was here");
});

t.test("a network card comes up", async (t) => {
  t.equal(await sh("ip addr add 10.1.2.3/24 dev eth0 && ip link set eth0 up"), "");
  t.equal(await sh("cat /sys/class/net/eth0/carrier"), "1\n");
  t.match(await sh("ping -c 1 -W 5 10.1.2.3"), /1 packets received/);
  t.match(await sh("ping -c 1 -W 5 127.0.0.1"), /1 packets received/);
});

t.test("its time of day can be set, its own clock is not touched by that", async (t) => {
  const epoch = 1_767_225_600_000_000_000n; // 2026-01-01T00:00:00Z
  const before = await booted.run({ run: "true" }).result;
  const { realtimeNs, monotonicNs } = await booted.setTime(epoch);
  t.ok(realtimeNs >= epoch && realtimeNs < epoch + 1_000_000_000n, `${realtimeNs}`);
  t.ok(monotonicNs > before.endNs && monotonicNs < before.endNs + 60_000_000_000n);
  t.match(await sh("date -u +%F"), /^2026-01-01\n$/);
});

t.test(
  "a host goes, the agent sleeps meanwhile, and the next host finds all answers",
  async (t) => {
    // While nobody is there: how often agent and init were woken in two seconds.
    const count = "cat /proc/1/status /proc/$(pidof livestack-agent)/status | grep ^voluntary";
    const quick = booted.run({ run: "sleep 1; echo quick" });
    const watch = booted.run({
      run: `sleep 3; a=$(${count}); sleep 2; b=$(${count}); echo "$a"; echo "$b"`,
    });
    await booted.getFile("/proc/self/status"); // after both were taken
    booted.close();
    await t.rejects(quick.result, { code: "CONNECTION_LOST" });
    await new Promise((done) => setTimeout(done, 7000));

    let next = await connect();
    t.equal(next.hello.bootId, booted.hello.bootId);
    t.equal(`${(await next.adopt(quick.id).result).stdout}`, "quick\n");
    const [init, agent, initLater, agentLater] = `${(await next.adopt(watch.id).result).stdout}`
      .trim()
      .split("\n");
    t.same([initLater, agentLater], [init, agent]);

    const again = async (times: number) => {
      const exits = new Set<number | undefined>();
      for (let i = 0; i < times; i++) {
        next.close();
        next = await connect();
        exits.add((await next.run({ run: "true" }).result).exit);
      }
      return [...exits];
    };
    // Where the agent does not run, what it reads and what wakes it are further apart.
    const irqs = "for i in /proc/irq/*/virtio*; do echo 1 >$(dirname $i)/smp_affinity; done";
    await next.run({ run: `taskset -p 2 $(pidof livestack-agent); ${irqs}` }).result;

    await t.test("one that comes while the kernel still thinks it has gone, too", async (t) => {
      t.same(await again(200), [0]);
    });

    // What has come may not wait for an interrupt that its reader has made superfluous.
    const late = "one that asks while the processor that its port interrupts hardly runs, too";
    await t.test(late, async (t) => {
      starve(t);
      for (let i = 0; i < 300; i++) await next.getFile("/proc/self/status");
      t.same(await again(10), [0]);
    });

    await t.test("it powers off when it is told to", async (t) => {
      await next.shutdown();
      t.equal(await ended, 0);
      t.match(await next.closed, { code: "CONNECTION_LOST" });
      t.notMatch(readFileSync(console, "utf8"), /Oops|panic - |BUG:|WARNING:|tiny: /);
    });
  },
);
