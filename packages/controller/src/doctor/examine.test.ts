// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "tap";
import { checkGroups, examine, type Report } from "./examine.js";
import {
  BROKEN,
  fakeMachine,
  HEALTHY,
  LAB_HOST,
  notLoaded,
  type Tree,
  writeTree,
} from "./fake-machines-for-test.js";
import { Machine } from "./machine.js";

const shallow = { deep: false };

/** The checks that did not pass, each with its outcome. */
function complaints({ checks }: Report): Record<string, string> {
  const bad = checks.filter(({ outcome }) => outcome !== "PASS");
  return Object.fromEntries(bad.map(({ id, outcome }) => [id, outcome]));
}

test("a healthy bare-metal machine passes every check", async (t) => {
  const report = await examine(fakeMachine(writeTree(t.testdir(), HEALTHY)), shallow);
  t.same(complaints(report), {}, JSON.stringify(report.checks, null, 1));
  t.same(report.summary, { pass: report.checks.length, warn: 0, fail: 0 });
  for (const { id, remedy } of report.checks) t.equal(remedy, null, id);
});

test("an emulated lab host is warned about, and fit once the module is built", async (t) => {
  const root = writeTree(t.testdir(), LAB_HOST);
  t.same(complaints(await examine(fakeMachine(root), shallow)), {
    "module.headers": "WARN",
    "module.file": "WARN",
    "kvm.nested": "WARN",
    "kvm.halt-poll": "WARN",
    "tsc.flags": "WARN",
    "cpu.pmu": "WARN",
    "cpu.perf": "WARN",
    "memory.size": "WARN",
    "memory.hugepages": "WARN",
    "memory.resctrl": "WARN",
    "signing.lockdown": "WARN",
  });
});

test("a machine that lacks everything fails what LiveStack cannot do without", async (t) => {
  const root = writeTree(t.testdir(), BROKEN);
  const machine = fakeMachine(root, { askModule: notLoaded, node: "18.20.0" });
  t.same(complaints(await examine(machine, shallow)), {
    "system.debian": "WARN",
    "system.kernel": "FAIL",
    "system.arch": "FAIL",
    "system.node": "FAIL",
    "module.loading": "FAIL",
    "module.headers": "FAIL",
    "module.file": "FAIL",
    "module.loaded": "WARN",
    "signing.enforced": "WARN",
    "signing.lockdown": "WARN",
    "signing.secure-boot": "WARN",
    "kvm.cpu": "FAIL",
    "kvm.module": "FAIL",
    "kvm.device": "FAIL",
    "kvm.nested": "WARN",
    "kvm.halt-poll": "WARN",
    "tsc.flags": "FAIL",
    "tsc.clocksource": "FAIL",
    "cpu.count": "WARN",
    "cpu.governor": "WARN",
    "cpu.smt": "WARN",
    "cpu.pmu": "WARN",
    "cpu.perf": "WARN",
    "memory.size": "WARN",
    "memory.hugepages": "WARN",
    "memory.swap": "WARN",
    "memory.resctrl": "WARN",
  });
});

test("what did not pass has one sentence of remedy with the command in it", async (t) => {
  for (const tree of [LAB_HOST, BROKEN, {}] as Tree[]) {
    const machine = fakeMachine(writeTree(t.testdir(), tree), { askModule: notLoaded });
    const { checks } = await examine(machine, shallow);
    for (const { id, outcome, remedy } of checks)
      if (outcome !== "PASS") t.match(remedy, /^[^`]+`[^`]+`\.$/, id);
  }
});

test("nothing to read anywhere is many times 'cannot tell' and no crash", async (t) => {
  const report = await examine(fakeMachine(t.testdir(), { askModule: notLoaded }), shallow);
  const all = checkGroups.flatMap(({ checks }) => checks).filter((check) => !check.deep);
  t.equal(report.checks.length, all.length);
  const unknown = report.checks.filter(({ fact }) => fact.startsWith("cannot tell: "));
  t.ok(unknown.length > 12, `${unknown.length} cannot tell`);
  for (const { id, outcome } of unknown) t.equal(outcome, "WARN", id);
});

test("any one file that cannot be read spoils no more than the checks that need it", async (t) => {
  const files = Object.keys(HEALTHY).filter((name) => name !== "dev/kvm");
  for (const name of files) {
    const root = writeTree(t.testdir(), HEALTHY);
    rmSync(join(root, name));
    // Reading a folder as a file fails for root too.
    mkdirSync(join(root, name));
    const { summary, checks } = await examine(fakeMachine(root), shallow);
    t.equal(summary.fail, 0, `${name}: ${JSON.stringify(complaints({ checks } as Report))}`);
    for (const { id, outcome, fact } of checks)
      if (outcome === "WARN" && id !== "module.headers") t.match(fact, /^cannot tell: /, id);
  }
});

test("what only root may read is asked for as root", async (t) => {
  class Forbidden extends Machine {
    override readBytes(path: string): never {
      const refusal = { code: "EACCES", syscall: "open", path: this.path(path) };
      throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), refusal);
    }
  }
  const { parts } = fakeMachine(writeTree(t.testdir(), HEALTHY));
  const { checks } = await examine(new Forbidden(parts), shallow);
  const cpu = checks.find(({ id }) => id === "kvm.cpu");
  t.equal(cpu?.outcome, "WARN");
  t.match(cpu?.fact, /^cannot tell: EACCES/);
  t.match(cpu?.remedy, "sudo livestack doctor");
});

test("looking changes nothing on the machine", async (t) => {
  const root = writeTree(t.testdir(), HEALTHY);
  const look = () =>
    readdirSync(root, { recursive: true, encoding: "utf8" })
      .sort()
      .map((name) => [name, statSync(join(root, name)).mtimeMs]);
  const before = look();
  await examine(fakeMachine(root), shallow);
  t.same(look(), before);
});

test("docs/doctor.md has each check in its order and no other", async (t) => {
  const page = readFileSync(new URL("../../../../docs/doctor.md", import.meta.url), "utf8");
  const documented = [...page.matchAll(/^\| `([a-z-]+\.[a-z-]+)` +\|/gm)].map(([, id]) => id);
  const ids = checkGroups.flatMap(({ name, checks }) =>
    checks.map((check) => `${name}.${check.name}`),
  );
  t.same(documented, ids);
});
