// SPDX-License-Identifier: Apache-2.0
// `livestack run` against a fake kernel and fake VMMs: phases, results, and that nothing is left.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { RunWorld } from "./run-world-for-test.js";

const PAIR = `
name: pair
session: {end: commands, duration: 60s}
components:
  one:
    image: {kernel: kernel}
    setup: [echo from setup >&2]
    ready: "true"
    run: [echo first, "echo second; echo problem >&2", echo third]
    collect: [/proc/self/status, /no/such]
  two:
    image: {kernel: kernel}
    run: [sleep 0.3]
`;

t.test("two guests run their commands in order, and the result has all of it", async (t) => {
  const world = new RunWorld(t);
  const { status, stdout, stderr } = await world.run(PAIR);
  t.equal(status, 0, stderr);
  t.match(
    stderr,
    /boot: one, two\n.*setup: one, two\n.*attach: one, two\n.*run: .*\n.*detach.*\n.*collect: one/s,
  );
  const result = world.result();
  const folder = dirname(world.resultPath());
  t.match(result, {
    ...{ schema: "livestack.result/1", scenario: "pair", mode: "strict", late_deliveries: 0 },
    quantum_ns: 10_000_000,
    components: [
      {
        ...{ name: "one", kind: "live" },
        vcpus: [{ windows: 7, parks: 5, overshoot_ns: { p50: 7, p99: 9, max: 9 }, idle_ns: 3 }],
        commands: [
          { run: "echo first", exit: 0, stdout: "first\n" },
          { exit: 0, stdout: "second\n" },
          { exit: 0, stdout: "third\n" },
        ],
      },
      { name: "two", commands: [{ run: "sleep 0.3", exit: 0 }] },
    ],
  });
  const slept = result.components[1]?.commands[0]?.guest_ns ?? 0;
  // Fake guests do not stand still before time 0, so wall time is no bound here.
  t.ok(slept >= 300_000_000, `${slept}`);
  t.ok(
    result.warnings.some((text) => text.includes("/no/such was not collected")),
    result.warnings.join("\n"),
  );
  t.match(stdout, /COMPONENT +COMMAND +EXIT +GUEST TIME/);
  t.match(
    readFileSync(join(folder, "components/one/collected/proc/self/status"), "utf8"),
    /^Name:/,
  );
  t.equal(readFileSync(join(folder, "components/one/commands/1.stderr"), "utf8"), "problem\n");
  t.match(readFileSync(join(folder, "components/one/console.log"), "utf8"), /booted/);
  t.match(JSON.parse(readFileSync(join(folder, "scenario.json"), "utf8")), { name: "pair" });
  t.same(world.loaded, ["livestack", "livestack_vcpu"]);
  const order = world.kernel.asked.filter((each) => /attach|session-set|detach/.test(each));
  t.same(order, [
    "component-attach 0",
    "component-attach 1",
    "session-set 1",
    "session-set 1",
    "component-detach 0",
    "component-detach 1",
    "session-set 1",
  ]);
  t.equal(world.kernel.sessions, 0);
  t.same(readdirSync(join(world.root, "run/livestack")), []);
});
