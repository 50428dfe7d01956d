// SPDX-License-Identifier: Apache-2.0
import { Mode, Reason, State } from "@livestack/netlink-client";
import { test } from "tap";
import type { SessionStatus } from "../agent/protocol.js";
import { ONE, scenarioOf } from "../scenario/scenario-for-test.js";
import { quantumOf } from "./guard.js";
import { Progress, progressText } from "./progress.js";

const ESCAPE = "\x1b";
const YELLOW = `${ESCAPE}[33m`;
const scenario = scenarioOf(ONE);
const status = (session: Partial<SessionStatus["session"]> = {}): SessionStatus => ({
  session: {
    ...{ id: 1, state: State.running, mode: Mode.strict, quantumNs: 1_000_000n, windows: 9n },
    ...{ clockNs: 1_500_000_000n, late: 0n, components: 1, joined: 1, awaited: 1, waitsFor: 0 },
    ...session,
  },
  components: [],
  fates: [],
});

function printed(isTTY: boolean, env: Record<string, string>, session = {}) {
  let text = "";
  const write = (piece: string) => {
    text += piece;
    return true;
  };
  const stderr = { isTTY, write };
  const progress = new Progress({ stderr, env });
  for (let wallMs = 0; wallMs <= 60_000; wallMs += 500)
    progress.show(status(session), scenario, wallMs);
  progress.clear();
  return text;
}

test("a line has simulated and real time, their ratio, what is late, who is waited for", async (t) => {
  const line = (session = {}) => progressText(status(session), scenario, 3000);
  t.equal(line(), "simulated 1.500 s  wall 3.000 s  ratio 0.50  late 0  waits for web");
  t.match(line({ awaited: 3, late: 7n }), /late 7 .*waits for web and 2 more$/);
  t.match(line({ mode: Mode.relaxed }), / mode relaxed /);
  t.match(line({ mode: Mode.free, released: true }), / mode free \(gating was given up\) /);
  t.match(
    line({ state: State.paused, reason: Reason.overshot, awaited: 0 }),
    / paused \(overshot\)$/,
  );
});

test("without a terminal there are plain lines at growing intervals", async (t) => {
  const lines = printed(false, {}).split("\n").filter(Boolean);
  t.same(
    lines.map((line) => /wall (\d+)/.exec(line)?.[1]),
    ["5", "15", "35"],
  );
  t.notOk(lines.join("").includes(ESCAPE) || lines.join("").includes("\r"));
});

test("a terminal gets one line that is written over, in colour unless NO_COLOR says not", async (t) => {
  t.notMatch(printed(true, {}), /\n/);
  t.ok(printed(true, {}, { late: 1n }).includes(YELLOW));
  t.notOk(printed(true, { NO_COLOR: "1" }, { late: 1n }).includes(YELLOW));
  t.notOk(printed(true, { TERM: "dumb" }).includes(ESCAPE));
});

test("quantum: auto is as long as the lookahead allows", async (t) => {
  const quantum = (text: string) => quantumOf(scenarioOf(text));
  t.equal(quantum(ONE), 10_000_000n);
  t.equal(quantum(`${ONE}session: {quantum: 3ms}\n`), 3_000_000n);
  const pair = `${ONE}  b: {kind: model, command: [b]}\n  c: {kind: model, command: [c]}\n`;
  t.equal(
    quantum(`${pair}links: [{endpoints: [b, c], latency: 2ms, back: {latency: 1ms}}]\n`),
    1_000_000n,
  );
});

test("a virtual machine with links is left a guard for what it runs too far", async (t) => {
  const pair = `${ONE}  b: {kind: model, command: [b]}\n  c: {kind: model, command: [c]}\n`;
  const scenario = scenarioOf(`${pair}links: [{endpoints: [b, c], latency: 2ms}]\n`);
  const components = scenario.components.map((each) => ({ ...each, kind: "live" as const }));
  t.equal(quantumOf(scenario), 2_000_000n);
  t.equal(
    quantumOf({ ...scenario, components: components as typeof scenario.components }),
    1_800_000n,
  );
});
