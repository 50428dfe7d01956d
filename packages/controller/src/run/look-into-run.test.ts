// SPDX-License-Identifier: Apache-2.0
// exec, console and logs, while a run goes on and after it.
import { writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import t from "tap";
import { listStates, RuntimeFolder } from "../host/session-state.js";
import { RunWorld } from "./run-world-for-test.js";

const world = new RunWorld(t);
const gate = join(world.root, "gate");
const running = world.run(`
name: looked
session: {end: commands, duration: 60s}
components:
  one: {image: {kernel: kernel}, run: ["while ! test -e ${gate}; do sleep 0.05; done"]}
  dev: {kind: model, command: [sh, -c, 'echo model of $LIVESTACK_COMPONENT $LIVESTACK_SESSION_NAME; exec sleep 1000']}
`);
for (let tries = 0; !listStates(world.root)[0]?.began && tries < 500; tries++) await sleep(20);

t.test("exec has the command's output and status, whatever these are", async (t) => {
  const outcome = await world.livestack(
    "exec",
    "one",
    "--",
    "sh",
    "-c",
    "echo out; echo err >&2; exit 7",
  );
  t.same(outcome, { status: 7, stdout: "out\n", stderr: "err\n" });
  t.same(await world.livestack("exec", "one", "echo", "-n", "--x"), {
    status: 0,
    stdout: "--x",
    stderr: "",
  });
  t.equal(
    (await world.livestack("exec", "--session", "looked", "one", "sh", "-c", "kill -9 $$")).status,
    137,
  );
  const missing = await world.livestack("exec", "one", "/no/such");
  t.equal(missing.status, 1);
  t.match(missing.stderr, /one: \/no\/such: No such file.* \(ENOENT\) \[GUEST_REFUSED\]\nhint: /);
});

t.test("names that are none, and what is no guest", async (t) => {
  const cases: [string[], number, RegExp][] = [
    [
      ["exec", "two", "true"],
      1,
      /looked: there is no component 'two' \[NOT_FOUND\]\nhint: it has one, dev/,
    ],
    [
      ["exec", "dev", "true"],
      1,
      /dev: there is no guest there \[WRONG_STATE\]\nhint: it is a model/,
    ],
    [
      ["exec", "--session", "x", "one", "true"],
      1,
      /no run goes on of name or UUID 'x' \[NOT_FOUND\]\nhint: /,
    ],
    [["exec", "one"], 2, /missing required argument 'command' \[USAGE\]/],
    [["console", "dev"], 1, /a model has no console \[WRONG_STATE\]\nhint: `livestack logs dev`/],
    [["console", "two"], 1, /\[NOT_FOUND\]/],
    [["logs", "two"], 1, /\[NOT_FOUND\]\nhint: it has one, dev/],
    [
      ["logs", "--run", "/no/such"],
      1,
      /\/no\/such: it is no folder of a run \[NO_SUCH_FILE\]\nhint: /,
    ],
  ];
  for (const [args, status, stderr] of cases) {
    const outcome = await world.livestack(...args);
    t.match(outcome.stderr, stderr, args.join(" "));
    t.equal(outcome.status, status);
    t.equal(outcome.stdout, "");
  }
});

t.test("logs and console show what was said, and follow it to the end of the run", async (t) => {
  const { stdout } = await world.livestack("logs");
  t.match(stdout, /^one console \| fake: booted$/m);
  t.match(stdout, /^dev model +\| model of 1 looked$/m);
  t.equal((await world.livestack("logs", "dev")).stdout, "dev model   | model of 1 looked\n");
  const following = world.livestack("logs", "one", "-f");
  const console = world.livestack("console", "one");
  const [state] = listStates(world.root);
  const socket = connect(new RuntimeFolder(world.root, state?.uuid ?? "").console(0));
  socket.on("error", () => {});
  socket.write("typed\n");
  await sleep(300);
  writeFileSync(gate, "");
  const { status, stderr } = await running;
  t.equal(status, 0, stderr);
  t.match((await following).stdout, /\| fake: booted\n.*\| typed\n$/);
  t.equal((await console).stdout, "fake: booted\ntyped\n");
  socket.destroy();
  const later = await world.livestack("logs", "--run", join(world.resultPath(), ".."), "one");
  t.match(later.stdout, /\| typed\n$/);
  t.match(world.result().warnings.join("\n"), /one: \d times a command was run in it from outside/);
});

t.test("without a run they say how to start one", async (t) => {
  for (const args of [["exec", "one", "true"], ["console", "one"], ["logs"]]) {
    const { status, stderr } = await world.livestack(...args);
    t.equal(status, 1);
    t.match(stderr, /no run goes on \[NOT_FOUND\]\nhint: `livestack run FILE`/);
  }
});
