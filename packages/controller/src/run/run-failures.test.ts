// SPDX-License-Identifier: Apache-2.0
// Whatever fails in a run, and whenever: it has its code, and nothing of what was started is left.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { NetlinkError, Reason, State } from "@livestack/netlink-client";
import t, { type Test } from "tap";
import { listStates } from "../host/session-state.js";
import { RunWorld } from "./run-world-for-test.js";

const guest = (more: string) => `
name: failing
session: {end: commands, duration: 60s}
components:
  one: {image: {kernel: kernel}, run: [sleep 0.1]}
  two: {image: {kernel: kernel}, ${more}}
`;
const GOOD = guest("run: [sleep 0.1]");
const LONG = guest("run: [sleep 50]");

/** Nothing in the kernel, no folder of a session, no VMM. */
function checkNothingLeft(t: Test, world: RunWorld): void {
  t.equal(world.kernel.sessions, 0, "no session");
  const folder = join(world.root, "run/livestack");
  t.same(existsSync(folder) ? readdirSync(folder) : [], [], "no runtime folder");
  t.same(world.processes(), [], "no process");
}

interface Case {
  scenario: string;
  status: number;
  stderr: RegExp;
  refuse?: string;
  env?: Record<string, string>;
  /** whether a folder was made, and named */
  kept?: boolean;
}

const model = (command: string) => `
name: failing
session: {end: commands, duration: 60s}
components:
  one: {image: {kernel: kernel}, run: [sleep 0.1]}
  dev: {kind: model, command: ${command}}
`;

const cases: Record<string, Case> = {
  "a scenario with errors": {
    ...{ scenario: GOOD.replace("run:", "rum:"), status: 1 },
    stderr: /scenario\.yaml:5:\d+: .*\[UNKNOWN_KEY\][\s\S]*\[INVALID_SCENARIO\]/,
  },
  "no QEMU": {
    ...{ scenario: GOOD, status: 3, env: { LIVESTACK_QEMU: "/no/such" } },
    stderr: /\/no\/such: LIVESTACK_QEMU names no program \[NO_QEMU\]/,
  },
  "a kernel that refuses the session": {
    ...{ scenario: GOOD, status: 1, refuse: "session-new", kept: true },
    stderr: /refused here \[MODULE_REFUSED\]/,
  },
  "a kernel that refuses a component": {
    ...{ scenario: GOOD, status: 1, refuse: "component-new 1", kept: true },
    stderr: /refused here \[MODULE_REFUSED\]/,
  },
  "a VMM that ends at once": {
    ...{
      scenario: guest("run: [x]").replace(
        "two: {image: {kernel: kernel}",
        "two: {image: {kernel: kernel, append: fake=exit}",
      ),
      status: 6,
      kept: true,
    },
    stderr:
      /two: its VMM ended with status 3: fake: told to exit \[COMPONENT_LOST\]\nhint: .*vmm\.log/,
  },
  "a disk that is no image": {
    ...{ scenario: GOOD.replace("{kernel: kernel}", "{disk: kernel}"), status: 1, kept: true },
    stderr: /\/kernel: it is no qcow2 image \[BAD_IMAGE\]\nhint: say format: raw/,
  },
  "a setup command that fails": {
    ...{
      scenario: guest("setup: ['true', 'echo why >&2; exit 4'], run: [x]"),
      status: 1,
      kept: true,
    },
    stderr: /two: setup\[1\]: echo why .*: ended with status 4: why \[SETUP_FAILED\]/,
  },
  "a file that the guest cannot take": {
    ...{
      scenario: guest("files: [{from: kernel, to: /no/such/place}], run: [x]"),
      status: 1,
      kept: true,
    },
    stderr: /two: .*ENOENT.* \[GUEST_REFUSED\]/,
  },
  "a kernel that refuses a machine": {
    ...{ scenario: GOOD, status: 1, refuse: "component-attach 1", kept: true },
    stderr: /two: refused here \[NOT_ATTACHED\]\nhint: /,
  },
  "a kernel that refuses to begin": {
    ...{ scenario: GOOD, status: 1, refuse: "session-set 1", kept: true },
    stderr: /refused here \[MODULE_REFUSED\]/,
  },
  "a model that is no program": {
    ...{ scenario: model("[/no/such]"), status: 1, kept: true },
    stderr: /\/no\/such: it cannot be started \[SYSTEM\]/,
  },
};

for (const [name, { scenario, status, stderr, refuse, env, kept = false }] of Object.entries(cases))
  t.test(`${name}: told, and nothing is left`, async (t) => {
    const world = new RunWorld(t);
    Object.assign(world.env, env);
    // Once: what undoes it must be able to ask the same.
    let left = 1;
    world.kernel.refuse = (what) =>
      what === refuse && left-- > 0 ? new NetlinkError("EINVAL", "refused here") : undefined;
    const outcome = await world.run(scenario);
    t.match(outcome.stderr, stderr);
    t.equal(outcome.status, status);
    t.equal(outcome.stdout, "");
    t.equal(/^livestack: kept: \S+ /m.test(outcome.stderr), kept, "says what was kept");
    checkNothingLeft(t, world);
  });

t.test(
  "a built-in image on a machine that was not set up: told, and nothing is left",
  async (t) => {
    const world = new RunWorld(t);
    const { XDG_CACHE_HOME: cache } = process.env;
    t.teardown(() => {
      if (cache === undefined) delete process.env.XDG_CACHE_HOME;
      else process.env.XDG_CACHE_HOME = cache;
    });
    process.env.XDG_CACHE_HOME = join(world.root, "empty");
    const outcome = await world.run(GOOD.replace("{kernel: kernel}", "builtin:debian"));
    t.match(outcome.stderr, /builtin:debian.*npm run setup.*\[NO_IMAGE\]\n/);
    t.equal(outcome.status, 3);
    checkNothingLeft(t, world);
  },
);

/** A run that has begun, and is then hit by something. */
async function hit(t: Test, scenario: string, what: (world: RunWorld) => void) {
  const world = new RunWorld(t);
  const running = world.run(scenario);
  for (let tries = 0; !listStates(world.root)[0]?.began && tries < 500; tries++) await sleep(20);
  await sleep(150);
  what(world);
  const outcome = await running;
  checkNothingLeft(t, world);
  return { ...outcome, result: world.result() };
}

const signalled = (signal: NodeJS.Signals) => (world: RunWorld) => {
  const [state] = listStates(world.root);
  process.kill(state?.components[1]?.process?.pid ?? 0, signal);
};

const deaths: [string, NodeJS.Signals, RegExp][] = [
  ["a VMM that is killed", "SIGKILL", /two: its VMM was killed by SIGKILL/],
  ["a guest that powers off", "SIGUSR1", /two: its guest powered off/],
  ["a guest that is reset", "SIGUSR2", /two: its guest was reset/],
  [
    "a guest that panics",
    "SIGWINCH",
    /two: its guest panicked \(Kernel panic - not syncing: fake\)/,
  ],
];
for (const [name, signal, how] of deaths) {
  t.test(`${name} ends a run that waits for it, which has its result`, async (t) => {
    const { status, stderr, result } = await hit(t, LONG, signalled(signal));
    t.equal(status, 6);
    t.match(stderr, new RegExp(`${how.source}.*\\[COMPONENT_LOST\\]`));
    t.match(result.warnings.join("\n"), how);
    t.match(result.components[0]?.commands, [{ exit: 0 }]);
    t.match(result.components[1]?.commands, [{ run: "sleep 50", exit: null, guest_ns: null }]);
  });
}

t.test("with on_loss: release the others go on without it", async (t) => {
  const scenario = LONG.replace("end: commands", "end: commands, on_loss: release").replace(
    "sleep 0.1",
    "sleep 1",
  );
  const { status, result } = await hit(t, scenario, signalled("SIGKILL"));
  t.equal(status, 0);
  t.match(result.components[0]?.commands, [{ exit: 0 }]);
  t.match(
    result.warnings.join("\n"),
    /two: its VMM was killed by SIGKILL, while the session went on/,
  );
});

t.test(
  "a pause is told with who caused it and how to go on, which the run then does",
  async (t) => {
    const { status, stderr, result } = await hit(t, GOOD.replaceAll("0.1", "1"), (world) => {
      world.kernel.change({ state: State.paused, reason: Reason.overshot, culprit: 1 });
      setTimeout(() => world.kernel.change({ state: State.running }), 600);
    });
    t.equal(status, 0);
    const what = "paused: two ran further past the end of a window than the lookahead allows for";
    t.equal(stderr.split(what).length, 2, "it is told once");
    t.match(stderr, /: paused: .*`livestack resume failing` goes on.*on_overshoot: count/);
    t.match(result.warnings.join("\n"), what);
  },
);

t.test("Ctrl-C ends it cleanly, and says what was kept", async (t) => {
  const { status, stderr, stdout, result } = await hit(t, LONG, (world) => world.interrupt.abort());
  t.equal(status, 130);
  t.match(stderr, /it was stopped before its end \[INTERRUPTED\]\nhint: .*kept/);
  t.match(stdout, /result in /);
  t.match(result.components[1]?.commands, [{ exit: null }]);
  t.match(result.warnings.join("\n"), /told to stop/);
});

t.test("Ctrl-C while guests boot leaves nothing either", async (t) => {
  const world = new RunWorld(t);
  const silent = GOOD.replaceAll("{kernel: kernel}", "{kernel: kernel, append: fake=silent}");
  const running = world.run(silent);
  for (let tries = 0; world.processes().length < 2 && tries < 500; tries++) await sleep(20);
  world.interrupt.abort();
  const { status, stderr } = await running;
  t.equal(status, 130);
  t.match(stderr, /kept: .*\n.*\[INTERRUPTED\]/);
  checkNothingLeft(t, world);
});

t.test(
  "a command that fails is in the result and in the status, and the next one runs",
  async (t) => {
    const world = new RunWorld(t);
    const scenario = guest("run: [exit 3, kill -9 $$, 'echo last']");
    const { status, stderr } = await world.run(scenario);
    t.equal(status, 5);
    t.match(stderr, /two: exit 3: ended with status 3, and 1 more failed \[COMMAND_FAILED\]/);
    t.match(world.result().components[1]?.commands, [
      { exit: 3 },
      { exit: 137 },
      { exit: 0, stdout: "last\n" },
    ]);
  },
);

t.test("at the duration what has not ended is cut off, which is no failure", async (t) => {
  const world = new RunWorld(t);
  const scenario = LONG.replace("end: commands, duration: 60s", "duration: 500ms").replace(
    "sleep 50",
    "echo begun; sleep 50",
  );
  const { status, stderr } = await world.run(scenario);
  t.equal(status, 0, stderr);
  const { simulated_ns: ns, components, warnings } = world.result();
  t.equal(ns, 500_000_000);
  t.match(components[1]?.commands, [{ exit: null, stdout: "begun\n" }]);
  t.match(warnings.join("\n"), /two: echo begun; sleep 50: had not ended/);
});

t.test("a mode that is not strict is said", async (t) => {
  const world = new RunWorld(t);
  const { stdout, stderr } = await world.run(
    GOOD.replace("end: commands", "end: commands, mode: free"),
  );
  t.match(stderr, /run: mode free/);
  t.match(stdout, /^mode +free$/m);
  t.equal(JSON.parse(readFileSync(world.resultPath(), "utf8")).mode, "free");
});
