// SPDX-License-Identifier: Apache-2.0
// What the lab says to bad input, and what is left when hosts, supervisors and callers are killed.
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDir, labDir, readState } from "@livestack/lab";
import t, { type Test } from "tap";
import { lab, outcomeOf, startLab } from "./lab-command.js";
import { mentioning } from "./processes.js";
import { labName } from "./with-lab.js";

const name = labName("fault");

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    if (holds()) return;
    await new Promise((done) => setTimeout(done, 50));
  }
  throw new Error(`never came true: ${what}`);
}

function nothingLeft(t: Test): void {
  t.notOk(existsSync(labDir(name)), "no folder, so no socket");
  t.same(mentioning(labDir(name)), [], "no process");
  t.notMatch(readFileSync("/proc/self/mountinfo", "utf8"), labDir(name), "no mount");
}

t.test("bad input gets a sentence with the remedy, and nothing is left", async (t) => {
  const place = mkdtempSync(join(tmpdir(), "livestack-no-tree-"));
  t.teardown(() => rmSync(place, { recursive: true }));
  const cases: [string[], number, RegExp][] = [
    [["up", "--name", name, "--kernel", "2.4"], 2, /no such kernel.*take one of 6\.1, 6\.12/s],
    [
      ["up", "--name", name, "--kernel", place],
      2,
      /not a built kernel tree.*bzImage.*make bzImage modules/s,
    ],
    [["up", "--name", name, "--kernel", join(place, "none")], 2, /not a built kernel tree/],
    [["up", "--name", "Bad_Name"], 2, /not a lab's name.*take at most 24/s],
    [["up", "--name", "../../etc"], 2, /not a lab's name/],
    [["up", "--name", "a1"], 2, /not ending in a digit/],
    [["up", "--name", name, "--hosts", "0"], 2, /--hosts 0: not a whole number from 1 to 32/],
    [["up", "--name", name, "--cpus", "many"], 2, /--cpus/],
    [["up", "--name", name, "--exact", "--cpus", "2"], 2, /one CPU only/],
    [["up", "--name", name, "--memory", "12"], 2, /--memory 12.*512M/s],
    [["up", "--name", name, "--root", "gentoo"], 2, /--root gentoo.*debian/s],
    [["up", "--name", name, "--root", "debian:no such"], 2, /no such.*is no Debian package name/],
    [["up"], 2, /--name/],
    [["frobnicate"], 2, /unknown command/],
    [["exec", `${name}1`, "--", "true"], 4, /no such lab host.*lab ls/s],
    [["exec", `${name}1`], 2, /command/],
    [["logs", `${name}1`], 4, /no such lab host/],
    [["shell", `${name}1`], 4, /no such lab host/],
    [["down", name], 4, /no such lab.*lab ls/s],
    [["ls", "-o", "xml"], 2, /table or json/],
    [["test", "nosuch"], 2, /no such module.*core/s],
  ];
  for (const [args, status, sentence] of cases) {
    const outcome = await lab(...args);
    t.equal(outcome.status, status, args.join(" "));
    t.match(outcome.stderr, sentence, args.join(" "));
  }
  nothingLeft(t);
});

t.test("a disk without space is named, and nothing is left", async (t) => {
  // A cache of 16 KiB that borrows the real one's kernels and QEMU: the initramfs finds no room.
  const script =
    'mount -t tmpfs -o size=16k none "$1" && mkdir "$1/livestack" && ' +
    'ln -s "$2/kernels" "$2/qemu" "$2/setup.json" "$1/livestack/" && shift 2 && exec "$@"';
  const place = mkdtempSync(join(tmpdir(), "livestack-small-"));
  t.teardown(() => rmSync(place, { recursive: true }));
  // Root needs no user namespace for that, and may not make one in a chroot, say.
  const asRoot = process.getuid?.() === 0 ? [] : ["--map-root-user"];
  const inSmallCache = [
    "unshare",
    ...asRoot,
    "--mount",
    "sh",
    "-c",
    script,
    "sh",
    place,
    cacheDir(),
  ];
  const child = startLab(["up", "--name", name], { XDG_CACHE_HOME: place }, inSmallCache);
  const { status, stderr } = await outcomeOf(child);
  t.equal(status, 3, stderr);
  t.match(stderr, /(no space left|ENOSPC|No space left)/i);
  t.match(stderr, /free some space/);
  nothingLeft(t);
});

t.test("with one host up", async (t) => {
  const up = await lab("up", "--name", name, "--memory", "512M");
  t.equal(up.status, 0, up.stderr);
  t.match(up.stdout, new RegExp(`${name}1 +up +10\\.76\\.0\\.1`));

  await t.test("a second lab of the same name is refused and the first goes on", async (t) => {
    const again = await lab("up", "--name", name);
    t.equal(again.status, 5);
    t.match(again.stderr, /a lab of that name exists.*down/s);
    t.equal((await lab("exec", `${name}1`, "--", "true")).status, 0);
  });

  await t.test("ls shows it, for people and for scripts", async (t) => {
    t.match((await lab("ls")).stdout, `${name}1`);
    const hosts = JSON.parse((await lab("ls", "-o", "json")).stdout) as {
      name: string;
      phase: string;
    }[];
    t.equal(hosts.find((host) => host.name === `${name}1`)?.phase, "up");
  });

  await t.test("a panic ends the command at once, with the console's last lines", async (t) => {
    const outcome = await lab("exec", `${name}1`, "--", "sh", "-c", "echo c > /proc/sysrq-trigger");
    t.equal(outcome.status, 255);
    t.match(outcome.stderr, /it panicked.*Kernel panic - not syncing: sysrq triggered crash/s);
    const later = await lab("exec", `${name}1`, "--", "true");
    t.equal(later.status, 255, "and every later command");
    t.match(later.stderr, /panicked/);
    t.match((await lab("logs", `${name}1`)).stdout, /sysrq triggered crash/);
  });

  const mistaken = await lab("down", `${name}1`);
  t.equal(mistaken.status, 4);
  t.match(mistaken.stderr, `\`lab down ${name}\``, "a host is taken for its lab's name");
  t.equal((await lab("down", name)).status, 0);
  nothingLeft(t);
});

t.test("kill -9 of the supervisor takes its processes along; down cleans up", async (t) => {
  const up = await lab("up", "--name", name, "--memory", "512M");
  t.equal(up.status, 0, up.stderr);
  const waiting = startLab(["exec", `${name}1`, "--", "sleep", "1000"]);
  await new Promise((done) => setTimeout(done, 1000));
  process.kill(readState(name)?.supervisor.pid ?? 0, "SIGKILL");
  const outcome = await outcomeOf(waiting);
  t.equal(outcome.status, 255, "who waits for a command is told");
  await eventually("its processes end", () => mentioning(labDir(name)).length === 0);
  t.equal((await lab("exec", `${name}1`, "--", "true")).status, 255);
  t.match((await lab("ls")).stdout, /gone/);
  t.equal((await lab("down", name)).status, 0);
  nothingLeft(t);
});

t.test("kill -9 of `lab up` while it boots leaves nothing", async (t) => {
  const child = startLab(["up", "--name", name]);
  await eventually("QEMU runs", () => mentioning(`${labDir(name)}/1.console`).length > 0);
  child.kill("SIGKILL");
  await eventually("the lab has gone", () => !existsSync(labDir(name)));
  await eventually("its processes end", () => mentioning(labDir(name)).length === 0);
  nothingLeft(t);
});

t.test("a lab whose folder is all that is left can be ended", async (t) => {
  const child = startLab(["up", "--name", name]);
  await eventually("it has begun", () => existsSync(labDir(name)));
  child.kill("SIGKILL");
  await outcomeOf(child);
  await eventually("nothing runs", () => mentioning(labDir(name)).length === 0);
  if (existsSync(labDir(name))) t.equal((await lab("down", name)).status, 0);
  nothingLeft(t);
});
