// SPDX-License-Identifier: Apache-2.0
import type { Mutant } from "./mutants-judge.js";
import { tap } from "./mutants-which-test.js";

const KTAP = "tools/lab/src/ktap.ts";
const ktapTest = tap("tools/lab/dist/ktap.test.js");
const UNFULFILLED = "an unfulfilled plan or a dead lab host fails the run";
const LEAVES = "leaf points are counted; skips carry reasons";

const oneSummary: Mutant[] = [
  {
    name: "a failing KTAP point passes",
    promise: LEAVES,
    file: KTAP,
    find: 'return verdict === "ok" && directive === "" ? "pass" : "fail";',
    replace: 'return verdict !== "" || directive === "" ? "pass" : "fail";',
    command: ktapTest,
  },
  {
    name: "a KTAP skip passes",
    promise: LEAVES,
    file: KTAP,
    find: 'if (directive === "SKIP") return "skip";',
    replace: 'if (directive === "SKIP") return "pass";',
    command: ktapTest,
  },
  {
    name: "a missing KTAP plan is not noticed",
    promise: UNFULFILLED,
    file: KTAP,
    find: "if (level.plan === undefined) problems",
    replace: "if (level.plan === -1) problems",
    command: ktapTest,
  },
  {
    name: "a KTAP plan with points left over is not noticed",
    promise: UNFULFILLED,
    file: KTAP,
    find: "else if (level.plan !== level.points.length)",
    replace: "else if (level.plan < level.points.length)",
    command: ktapTest,
  },
  {
    name: "a KTAP stream may end inside a subtest",
    promise: UNFULFILLED,
    file: KTAP,
    find: "while (levels.length > 1) {\n    problems.push(",
    replace: "while (levels.length > 1) {\n    void (",
    command: ktapTest,
  },
  {
    name: "an empty KTAP stream is a good one",
    promise: UNFULFILLED,
    file: KTAP,
    find: 'if (points.length === 0) problems.push("no test point at all");',
    replace: "",
    command: ktapTest,
  },
  {
    name: "a program that fails after its last point is not noticed",
    promise: UNFULFILLED,
    file: KTAP,
    find: 'point.outcome === "fail" && !explained',
    replace: 'point.outcome === "fail" && explained',
    command: ktapTest,
  },
];

const COUNT = "test/src/count-points.ts";
const countTest = tap("test/dist/count-points.test.js");

const summary: Mutant[] = [
  {
    name: "sums of subtests are counted as points",
    promise: LEAVES,
    file: COUNT,
    find: "if (point.closingTestPoint) {",
    replace: "if (point.closingTestPoint && !point.ok) {",
    command: countTest,
  },
  {
    name: "a TAP plan that is not kept is not noticed",
    promise: UNFULFILLED,
    file: COUNT,
    find: 'counts.failed += results.failures.filter((failure: object) => !("name" in failure)).length;',
    replace: "counts.failed += results.failures.length * 0;",
    command: countTest,
  },
];

const FRESH =
  "from a clean clone npm run demo and npm test exit 0, a second time without network too";
const EXIT_3 = "set-up: exit 3 with one sentence per missing thing, nothing changed";
const CACHE = "set-up: a cache of exact versions, locked against two runs at once";
const SOURCES = "set-up: never a change to the machine's sources";
const setupCli = tap("tools/setup/test/cli.test.js");
const setupState = tap("tools/setup/test/state.test.js");
const setupApt = tap("tools/setup/test/apt.test.js");

const setup: Mutant[] = [
  {
    name: "a full cache is filled again",
    promise: FRESH,
    file: "tools/setup/manifest.js",
    find: "if (!whole) missing.push(series);",
    replace: "missing.push(series);",
    command: setupCli,
  },
  {
    name: "a user who cannot become root is let through",
    promise: EXIT_3,
    file: "tools/setup/preflight.js",
    find: "if (!(await canBeRoot(host))) problems",
    replace: "if (await canBeRoot(host)) problems",
    command: setupCli,
  },
  {
    name: "only the first thing missing is told",
    promise: EXIT_3,
    file: "tools/setup/preflight.js",
    find: "  if (plan.npm) await checkNpm(host, findings);",
    replace: "  if (plan.npm && problems.length === 0) await checkNpm(host, findings);",
    command: setupCli,
  },
  {
    name: "two set-ups run at once",
    promise: CACHE,
    file: "tools/setup/lock.js",
    find: "if (first.status !== 0) {",
    replace: "if (first.status === 99) {",
    command: setupState,
  },
  {
    name: "a manifest that is cut off stops the set-up",
    promise: CACHE,
    file: "tools/setup/manifest.js",
    find: "    return emptyManifest();\n  }\n}",
    replace: '    throw new Error("unreadable");\n  }\n}',
    command: setupState,
  },
  {
    name: "apt's own state is used",
    promise: SOURCES,
    file: "tools/setup/apt-config.js",
    find: '"Dir::State": dir,',
    replace: '"Dir::State": "/var/lib/apt",',
    command: setupApt,
  },
];

const pairsTest = tap("tools/bench/dist/pairs.test.js");
const RATIOS = "performance claims are ratios measured side by side; too noisy is inconclusive";

const benches: Mutant[] = [
  {
    name: "noisy A/A pairs pass",
    promise: RATIOS,
    file: "tools/bench/src/pairs.ts",
    find: "if (aa.spread > tolerance)",
    replace: "if (aa.spread > 1000 * tolerance)",
    command: pairsTest,
  },
  {
    name: "a bench that failed passes",
    promise: RATIOS,
    file: "tools/bench/src/pairs.ts",
    find: "ratio.median <= claim.ratioAtMost",
    replace: "ratio.min <= claim.ratioAtMost",
    command: pairsTest,
  },
  {
    name: "pairs are not interleaved in alternating order",
    promise: RATIOS,
    file: "tools/bench/src/pairs.ts",
    find: "i % 2 === 0 ? ORDER : ORDER.toReversed()",
    replace: "i % 2 === 0 ? ORDER : ORDER.slice()",
    command: pairsTest,
  },
];

export const toolMutants: readonly Mutant[] = [...oneSummary, ...summary, ...setup, ...benches];
