// SPDX-License-Identifier: Apache-2.0
// Processes, modules and clocks of this machine, as livestack finds them.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { release, tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { programVersion } from "../program-version.js";
import { loadModules } from "./load-modules.js";
import { identityOf, isAlive, killProcess } from "./process-identity.js";
import { startInScope } from "./scope.js";
import { hostTsc } from "./tsc-khz.js";

const place = mkdtempSync(join(tmpdir(), "livestack-host-"));
t.teardown(() => rmSync(place, { recursive: true }));

t.test("a process is its pid and its start: another start is another process", async (t) => {
  const child = spawn("sleep", ["1000"]);
  const identity = identityOf(child.pid ?? 0);
  t.ok(identity && isAlive(identity));
  if (!identity) return;
  t.notOk(isAlive({ ...identity, startTicks: identity.startTicks + 1n }));
  killProcess({ ...identity, startTicks: 1n }, "SIGKILL");
  t.ok(isAlive(identity), "who has got its pid is not killed for it");
  killProcess(identity, "SIGKILL");
  await once(child, "exit");
  t.notOk(isAlive(identity));
  killProcess(identity, "SIGKILL");
  t.equal(identityOf(2 ** 22 + 1), undefined);
});

t.test(
  "a command in a scope has its own session, its output in a file, and its end is told",
  async (t) => {
    const log = join(place, "log");
    const argv = ["sh", "-c", "echo out; echo err >&2; exec sh -c 'cat /proc/self/stat; exit 4'"];
    const { identity, ended } = await startInScope({
      unit: "livestack-test",
      argv,
      env: process.env,
      directory: "/",
      log,
    });
    // It keeps nobody from ending; here somebody waits.
    const waiting = setInterval(() => {}, 1000);
    t.same(await ended, { status: 4 });
    clearInterval(waiting);
    t.match(readFileSync(log, "utf8"), /^out\nerr\n/);
    const [, , , , , session] = (readFileSync(log, "utf8").split("\n")[2] ?? "").split(" ");
    t.equal(Number(session), identity.pid);
    const none = { unit: "x", argv: ["/no/such"], env: process.env, directory: "/", log };
    await t.rejects(startInScope(none), { code: "SYSTEM", place: "/no/such", hint: /executed/ });
  },
);

t.test("only an emulated machine tells its guests the TSC's frequency", async (t) => {
  const tsc = (text: string) => {
    const root = mkdtempSync(join(place, "root-"));
    mkdirSync(join(root, "proc"));
    writeFileSync(join(root, "proc/cpuinfo"), text);
    return hostTsc(root);
  };
  const info = (model: string, flags: string) =>
    `model name\t: ${model}\ncpu MHz\t\t: 2445.406\nflags\t\t: ${flags}\n`;
  t.same(tsc(info("QEMU TCG CPU version 2.5+", "tsc hypervisor")), {
    invariant: false,
    tellKhz: 2_445_406,
  });
  t.same(tsc(info("AMD EPYC", "tsc constant_tsc nonstop_tsc")), { invariant: true });
  t.same(tsc(info("AMD EPYC", "constant_tsc nonstop_tsc hypervisor")), { invariant: true });
  t.same(hostTsc(join(place, "nowhere")), { invariant: false });
});

t.test("modules: loaded ones are taken by version, missing ones by all three ways", async (t) => {
  const root = join(place, "sysroot");
  const module = join(root, "sys/module/livestack");
  mkdirSync(module, { recursive: true });
  const version = (text: string) => writeFileSync(join(module, "version"), `${text}\n`);
  const [major, minor] = programVersion().split(".").map(Number);
  const at = { root, checkout: join(place, "checkout") };
  version(`${major}.${(minor ?? 0) + 1}.7`);
  await t.resolves(loadModules(["livestack"], at), "one minor of skew");
  for (const other of [
    `${major}.${(minor ?? 0) + 2}.0`,
    `${(major ?? 0) + 1}.${minor}.0`,
    "unknown",
  ]) {
    version(other);
    await t.rejects(loadModules(["livestack"], at), {
      code: "MODULE_REFUSED",
      hint: /rmmod livestack/,
    });
  }
  version(programVersion());
  const error = await loadModules(["livestack", "livestack_vcpu"], at).catch(
    (thrown: Error) => thrown,
  );
  const file = join(at.checkout, "kernel/build", release(), "vcpu/livestack_vcpu.ko");
  t.match(error, { code: "NOT_LOADED", place: "livestack_vcpu.ko" });
  for (const part of [
    "is not loaded",
    "modprobe livestack_vcpu: ",
    `${file}: there is no such file`,
  ])
    t.ok((error as Error).message.includes(part), part);
});
