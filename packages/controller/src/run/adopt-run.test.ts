// SPDX-License-Identifier: Apache-2.0
// A livestack is killed; the next one names what it has left, and goes on with it or gives it up.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { State } from "@livestack/netlink-client";
import t, { type Test } from "tap";
import { isAlive } from "../host/process-identity.js";
import { listStates, type SessionState } from "../host/session-state.js";
import { keptByKernel } from "./kept-by-kernel-for-test.js";
import { RunWorld } from "./run-world-for-test.js";

const PROGRAM = fileURLToPath(new URL("./run-process-for-test.js", import.meta.url));
const SCENARIO = `
name: left
session: {end: commands, duration: 60s}
components:
  one:
    image: {kernel: kernel}
    run: [echo first, "while ! test -e GATE; do sleep 0.1; done; echo second", echo third]
  two: {image: {kernel: kernel}, run: [echo two]}
`;

interface Left {
  world: RunWorld;
  state: SessionState;
  open: () => void;
}

/** A run in its middle, whose livestack was killed -9. */
async function leave(t: Test, { begun = true } = {}): Promise<Left> {
  const world = new RunWorld(t);
  const gate = join(world.root, "gate");
  const text = SCENARIO.replace("GATE", gate);
  const scenario = world.scenario(
    begun ? text : text.replace("kernel}", "kernel, append: fake=silent}"),
  );
  const child = spawn(process.execPath, [PROGRAM, world.root, scenario, world.out], {
    env: world.env,
    stdio: "ignore",
  });
  const isThere = () => {
    const [state] = listStates(world.root);
    const booting = state?.components.filter(({ process: vmm }) => vmm).length === 2;
    return begun ? state?.began : booting;
  };
  for (let tries = 0; !isThere() && tries < 500; tries++) await sleep(20);
  await sleep(200);
  child.kill("SIGKILL");
  await once(child, "exit");
  const [state] = listStates(world.root);
  if (!state) throw new Error("it left no state");
  t.same(alive(state), ["one", "two"], "VMMs go on");
  if (begun) await keptByKernel(world.kernel, state);
  return { world, state, open: () => writeFileSync(gate, "") };
}

/**
 * Whose VMM there is. Not by a look at all processes: one that is just being started has its parent's
 * command line, and would be counted with it.
 */
function alive({ components }: SessionState): string[] {
  return components.filter(({ process: vmm }) => vmm && isAlive(vmm)).map(({ name }) => name);
}

t.test("a paused run is not adopted: it is said how it goes on, and then it is", async (t) => {
  const { world, open } = await leave(t);
  world.kernel.change({ state: State.paused });
  const refused = await world.livestack("adopt", "left");
  t.equal(refused.status, 1);
  t.match(refused.stderr, /left: it is paused.*\[WRONG_STATE\]\nhint: `livestack resume left`/);
  world.kernel.change({ state: State.running });
  open();
  t.equal((await world.livestack("adopt", "left")).status, 0);
});

t.test("the next run names what was left, and touches nothing of it", async (t) => {
  const { world, state } = await leave(t);
  const { status, stderr } = await world.run(
    SCENARIO.replace("name: left", "name: next").replace("! test -e GATE", "false"),
  );
  t.equal(status, 0, stderr);
  t.match(
    stderr,
    /left \([0-9a-f-]+\) was left in phase run .*`livestack adopt left`.*`livestack release left`/,
  );
  t.same(alive(state), ["one", "two"]);
  t.equal(world.kernel.sessions, 1);
  await world.livestack("release", "--end", "left");
});

t.test("adopt goes on to the result, with what was begun before", async (t) => {
  const { world, open } = await leave(t);
  open();
  const { status, stdout, stderr } = await world.livestack("adopt", "left");
  t.equal(status, 0, stderr);
  t.match(stdout, /one +echo third +0/);
  const { components, warnings } = world.result();
  t.match(components[0]?.commands, [
    { exit: 0, stdout: "first\n" },
    { exit: 0, stdout: "second\n" },
    { exit: 0, stdout: "third\n" },
  ]);
  t.match(components[1]?.commands, [{ exit: 0, stdout: "two\n" }]);
  t.match(warnings.join("\n"), /another livestack took over/);
  t.same(readdirSync(join(world.root, "run/livestack")), []);
  t.same(world.processes(), []);
  t.equal(world.kernel.sessions, 0);
});

t.test("release lets its VMs run free, and says which; --end ends them later", async (t) => {
  const { world, state } = await leave(t);
  const { status, stdout } = await world.livestack("release", "left");
  t.equal(status, 0);
  const [one] = state.components;
  t.match(
    stdout,
    new RegExp(
      `^left is released\nruns free +one \\(pid ${one?.process?.pid}, QMP .*\nruns free +two .*\nkept +.*runs/left-`,
    ),
  );
  t.equal(world.kernel.sessions, 0);
  for (const asked of ["component-detach 0", "component-detach 1", "session-del 1"])
    t.ok(world.kernel.asked.includes(asked), asked);
  t.same(alive(state), ["one", "two"]);
  t.match((await world.livestack("adopt", "left")).stderr, /\[WRONG_STATE\]/);
  const later = await world.livestack("release", "--end", "left");
  t.match(later.stdout, /ended +one .*\nended +two/);
  t.same(world.processes(), []);
  t.notOk(existsSync(join(world.root, "run/livestack", state.uuid)));
});

t.test("what had not begun is not gone on with, and is ended on request", async (t) => {
  const { world, state } = await leave(t, { begun: false });
  const { status, stderr } = await world.livestack("adopt", "left");
  t.equal(status, 1);
  t.match(
    stderr,
    /left: it was left in phase boot, .*\[WRONG_STATE\]\nhint: `livestack release --end left`/,
  );
  t.same(alive(state), ["one", "two"], "and nothing was touched");
  t.equal((await world.livestack("release", "--end", "left")).status, 0);
  t.same(world.processes(), []);
});

t.test("names that are none get their code and what there is", async (t) => {
  const { world, state } = await leave(t);
  for (const command of ["adopt", "release"]) {
    const { status, stderr } = await world.livestack(command, "nosuch");
    t.equal(status, 1);
    t.match(
      stderr,
      /nothing was left of name or UUID 'nosuch' \[NOT_FOUND\]\nhint: there is left\n/,
    );
  }
  t.match(
    readFileSync(join(world.root, "run/livestack", state.uuid, "state.json"), "utf8"),
    "livestack.state/1",
  );
  await world.livestack("release", "--end", state.uuid);
  t.same(world.processes(), []);
});
