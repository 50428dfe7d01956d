// SPDX-License-Identifier: Apache-2.0
// builtin:debian and its agent in an emulated machine of their own, as guest.test.ts does for tiny.
import { mkdtempSync, readFileSync, statSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { guestCommandLine, guestSharedDisk } from "@livestack/controller";
import { debianGuest } from "@livestack/image";
import t from "tap";
import { bootEmulated, said } from "./emulated-guest.js";

const place = mkdtempSync(join(tmpdir(), "livestack-guest-debian-"));
const console = join(place, "console");
const typing = join(place, "typing");
const guest = await debianGuest({ packages: ["hello"] }, { log: (line) => t.comment(line) });
const written = () => statSync(guest.disk).mtimeMs;
const firstWritten = written();
const commandLine = guestCommandLine({ extra: guest.append });
const emulated = await bootEmulated(t, place, [
  ...["-m", "512M", "-serial", "chardev:console"],
  ...["-chardev", `socket,id=console,path=${typing},server=on,wait=off,logfile=${console}`],
  ...["-kernel", guest.kernel, "-initrd", guest.initrd, "-append", commandLine],
  ...guestSharedDisk(guest.disk, "root"),
]);
const { ended, disk, connect } = emulated;
let { agent } = emulated;
const sh = (line: string) => said(agent, line);

t.test("whoever reaches the agent finds a system that is up, and nothing has failed", async (t) => {
  t.equal(await sh("systemctl is-system-running"), "running\n");
  t.equal(await sh("systemctl --failed --plain --no-legend"), "");
  t.equal(await sh("systemctl list-jobs --plain --no-legend"), "");
  t.equal(await sh("hostname"), "debian\n");
  t.comment(await sh("systemd-analyze time"));
});

t.test("its clock is the TSC, and nothing in it follows the host's time", async (t) => {
  t.equal(await sh("uname -r"), `${guest.release}\n`);
  t.equal(await sh("cat /proc/cmdline"), `${commandLine}\n`);
  const clock = "/sys/devices/system/clocksource/clocksource0";
  t.equal(await sh(`cat ${clock}/current_clocksource`), "tsc\n");
  t.notMatch(await sh(`cat ${clock}/available_clocksource`), /hpet|kvm/);
  t.equal(await sh("ls -d /dev/ptp* /sys/firmware/acpi/tables/HPET 2>/dev/null"), "status 2");
  t.notMatch(await sh("dmesg"), /kvm-clock|Marking clocksource|TSC unstable/);
  t.match(await sh("systemctl is-active systemd-timesyncd"), /^inactive/);
});

t.test("no timer runs, and no process wakes by itself", async (t) => {
  t.equal(await sh("systemctl list-timers --plain --no-legend"), "");
  // Output would wake the agent.
  const look = "grep -HE '^(Name|Kthread|voluntary)' /proc/[0-9]*/status";
  const watch = `${udevIsAlone}; a=$(${look}); sleep 4; b=$(${look}); echo "$a"; echo; echo "$b"`;
  const [before = new Map(), after] = (await sh(watch)).split("\n\n").map(wakeUps);
  for (const name of ["systemd", "systemd-udevd", "livestack-agent", "bash", "kcompactd0"])
    t.ok(before.has(name), name);
  t.same(after, before);
});

/** udevd lets its workers go after three seconds without a device: on a slow machine, late. */
const udevIsAlone =
  "for i in $(seq 60); do grep -qs udev-worker /proc/[0-9]*/comm || break; sleep 1; done; sleep 6";

/** How often each process has woken: not those that look, and of the kernel's own only kcompactd. */
function wakeUps(look: string): Map<string, string> {
  const statuses = new Map<string, Record<string, string>>();
  for (const line of look.trim().split("\n")) {
    const [path = "", key = "", value = ""] = line.split(":");
    statuses.set(path, { ...statuses.get(path), [key]: value.trim() });
  }
  const counted = [...statuses.values()].filter(({ Name = "", Kthread }) =>
    Kthread === "0" ? !["sh", "grep", "sleep"].includes(Name) : Name.startsWith("kcompactd"),
  );
  const pairs = counted.map((s) => [s.Name ?? "", s.voluntary_ctxt_switches ?? ""] as const);
  return new Map(pairs);
}

t.test("packages asked for are there, with the kernel's modules", async (t) => {
  t.equal(await sh("hello"), "Hello, world!\n");
  t.equal(await sh("dpkg -s hello | sed -n 's/^Version: //p'"), `${guest.packages.hello}\n`);
  t.equal(await sh("modprobe dummy && ls -d /sys/module/dummy"), "/sys/module/dummy\n");
});

t.test("the root takes writes that never reach the image; more disks follow it", async (t) => {
  t.match(await sh("findmnt -no SOURCE,FSTYPE,OPTIONS /"), /^\/dev\/vda ext4 +rw,noatime/);
  t.equal(await sh("echo written >/root/file && sync && cat /root/file"), "written\n");
  t.equal(written(), firstWritten);
  const steps = [
    "mkfs.ext4 -q /dev/vdb",
    "mount /dev/vdb /mnt",
    "cp /root/file /mnt",
    "umount /mnt",
  ];
  t.equal(await sh(steps.join(" && ")), "");
  t.ok(readFileSync(disk).includes("written\n"));
});

t.test("network cards are down until a command brings them up", async (t) => {
  t.match(await sh("ip -br link show eth0"), /^eth0 +DOWN/);
  t.equal(await sh("ip addr add 10.1.2.3/24 dev eth0 && ip link set eth0 up"), "");
  t.match(await sh("ping -c 1 -W 5 10.1.2.3"), /1 received/);
  t.match(await sh("ping -c 1 -W 5 debian"), /1 received/);
});

t.test("a shell is on the serial console", async (t) => {
  const keys = connectTo(typing);
  t.teardown(() => keys.destroy());
  keys.write("echo typed-$((6 * 7)) | tee /root/typed\n");
  for (let tries = 0; tries < 200 && !readFileSync(console, "utf8").includes("typed-42"); tries++)
    await new Promise((done) => setTimeout(done, 100));
  t.match(readFileSync(console, "utf8"), /^typed-42/m);
});

t.test("an agent that dies is there again, and what it ran goes on", async (t) => {
  const lost = agent.run({ run: "kill -9 $(pidof livestack-agent); echo on >/root/goes" });
  await t.rejects(lost.result, { code: "RESTARTED" });
  agent.close();
  agent = await connect();
  t.equal(await sh("cat /root/goes"), "on\n");
  t.equal(await sh("systemctl is-system-running"), "running\n");
});

t.test("it powers off when it is told to", async (t) => {
  await agent.shutdown();
  t.equal(await ended, 0);
  t.notMatch(readFileSync(console, "utf8"), /Oops|panic - |BUG:|WARNING:|\bdebian: /);
});
