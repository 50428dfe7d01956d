// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { type KtapPoint, leafPoints, parseKtap } from "./ktap.js";

function stream(...lines: string[]): string {
  return `${["KTAP version 1", ...lines].join("\n")}\n`;
}

function brief(points: readonly KtapPoint[]): string[] {
  return leafPoints(points).map(({ name, outcome }) => `${outcome} ${name}`);
}

t.test("a whole stream is what it says", async (t) => {
  const { points, problems } = parseKtap(stream("1..3", "ok 1 a", "not ok 2 - b", "ok 3"));
  t.same(brief(points), ["pass a", "fail b", "pass point 3"]);
  t.same(problems, []);
});

t.test("subtests of any depth count by their leaves", async (t) => {
  const { points, problems } = parseKtap(
    stream(
      "1..2",
      "  KTAP version 1",
      "  1..2",
      "    KTAP version 1",
      "    1..2",
      "    ok 1 x",
      "    not ok 2 y",
      "  not ok 1 inner",
      "  ok 2 z",
      "not ok 1 outer",
      "ok 2 last",
    ),
  );
  t.same(problems, []);
  t.same(brief(points), [
    "pass outer > inner > x",
    "fail outer > inner > y",
    "pass outer > z",
    "pass last",
  ]);
});

t.test(
  "KUnit's own layout is read: sums stand outside the subtest, before its result",
  async (t) => {
    const { points, problems } = parseKtap(
      stream(
        "1..1",
        "    KTAP version 1",
        "    # Subtest: example",
        "    # module: kunit_example",
        "    1..2",
        "    ok 1 simple",
        "    # skipped: EXPECTED so",
        "    ok 2 marked # SKIP this test should be skipped",
        "# example: pass:1 fail:0 skip:1 total:2",
        "# Totals: pass:1 fail:0 skip:1 total:2",
        "ok 1 example",
      ),
    );
    t.same(problems, []);
    t.same(brief(points), ["pass example > simple", "skip example > marked"]);
    t.match(points[0]?.diagnostics, ["example: pass:1 fail:0 skip:1 total:2", /^Totals/]);
  },
);

t.test("directives decide the outcome and carry the reason", async (t) => {
  const cases: [string, KtapPoint["outcome"], string, string][] = [
    ["ok 1 a # SKIP needs a debug kernel", "skip", "a", "needs a debug kernel"],
    ["not ok 1 a # SKIP needs two CPUs", "skip", "a", "needs two CPUs"],
    ["ok 1 - a # skip: why", "skip", "a", "why"],
    ["ok 1 a # SKIPPED why", "skip", "a", "why"],
    ["not ok 1 a # XFAIL known", "xfail", "a", "known"],
    ["ok 1 a # XFAIL known", "xfail", "a", "known"],
    ["not ok 1 a # TODO later", "xfail", "a", "later"],
    ["not ok 1 a # TIMEOUT 45 seconds", "fail", "a", "45 seconds"],
    ["ok 1 a # TIMEOUT 45 seconds", "fail", "a", "45 seconds"],
    ["ok 1 a # ERROR no such file", "fail", "a", "no such file"],
    [
      "ok 1 # SKIP written by kselftest.h",
      "skip",
      "written by kselftest.h",
      "written by kselftest.h",
    ],
    ["ok 1 a # took 3 ms", "pass", "a # took 3 ms", ""],
    ["ok 1 skipping is fine", "pass", "skipping is fine", ""],
  ];
  for (const [line, outcome, name, reason] of cases) {
    const { points, problems } = parseKtap(stream("1..1", line));
    t.same(problems, [], line);
    t.match(points, [{ outcome, name, reason }], line);
  }
});

t.test("a plan that is not kept is a problem", async (t) => {
  const problemsOf = (...lines: string[]) => parseKtap(stream(...lines)).problems;
  t.match(problemsOf("1..3", "ok 1 a", "ok 2 b"), [/planned 3 points, reported 2/]);
  t.match(problemsOf("1..1", "ok 1 a", "ok 2 b"), [/planned 1 points, reported 2/]);
  t.match(problemsOf("ok 1 a"), [/no plan/]);
  t.match(problemsOf("1..2", "  1..2", "  ok 1 x", "ok 1 a", "ok 2 b"), [
    /^ok 1 a: planned 2 points, reported 1/,
  ]);
  t.match(problemsOf("1..1", "  ok 1 x", "ok 1 a"), [/^ok 1 a: no plan/]);
  t.same(problemsOf("ok 1 a", "1..1"), [], "a plan may come last, as in TAP");
});

t.test("a second plan does not hide that the first was not kept", async (t) => {
  const { problems } = parseKtap(stream("1..3", "ok 1 a", "1..1"));
  t.match(problems, [/second plan/]);
});

t.test("points out of number are a problem, told once a gap", async (t) => {
  t.match(parseKtap(stream("1..2", "ok 1 a", "ok 1 a")).problems, [/^ok 1 a: 2 was due/]);
  t.match(parseKtap(stream("1..3", "ok 1 a", "ok 3 c", "ok 4 d")).problems, [/^ok 3 c: 2 was due/]);
});

t.test("a stream that stops is a problem wherever it stops", async (t) => {
  const whole = [
    ...["1..2", "  KTAP version 1", "  1..1", "  ok 1 x", "ok 1 a"],
    ...["  KTAP version 1", "  1..2", "  ok 1 y", "  ok 2 z", "ok 2 b"],
  ];
  t.same(parseKtap(stream(...whole)).problems, []);
  for (let length = 0; length < whole.length; length++)
    t.not(parseKtap(stream(...whole.slice(0, length))).problems.length, 0, `after ${length} lines`);
});

t.test("a subtest with all its points but no result does not pass for its parent", async (t) => {
  const { points, problems } = parseKtap(stream("1..1", "  1..1", "  ok 1 x"));
  t.match(problems, [/ends inside a subtest, after its point "x"/]);
  t.same(brief(points), ["pass x"], "what was reported still counts");
});

t.test("nothing at all is a problem", async (t) => {
  t.same(parseKtap("").problems, ["no test point at all"]);
  t.match(parseKtap("KTAP version 1\n").problems, [/no plan/, "no test point at all"]);
  t.match(parseKtap(stream("1..0")).problems, ["no test point at all"]);
  t.match(parseKtap("Segmentation fault\n").problems, ["no test point at all"]);
});

t.test("a bail-out is a problem, also in a subtest", async (t) => {
  t.match(parseKtap(stream("1..1", "ok 1 a", "Bail out! no memory")).problems, [
    "Bail out! no memory",
  ]);
  t.match(parseKtap(stream("1..1", "  1..1", "  Bail out! x", "  ok 1 y", "ok 1 a")).problems, [
    "Bail out! x",
  ]);
});

t.test("1..0 # SKIP is a skip with its reason, never a pass", async (t) => {
  const alone = parseKtap(stream("1..0 # SKIP no KVM here"));
  t.same(alone.problems, []);
  t.match(alone.points, [{ outcome: "skip", reason: "no KVM here" }]);
  const nested = parseKtap(stream("1..2", "  1..0 # SKIP no KVM here", "ok 1 a", "ok 2 b"));
  t.same(nested.problems, []);
  t.match(nested.points, [
    { name: "a", outcome: "skip", reason: "no KVM here" },
    { name: "b", outcome: "pass" },
  ]);
  const failed = parseKtap(stream("1..1", "  1..0 # SKIP no KVM here", "not ok 1 a"));
  t.same(brief(failed.points), ["fail a"]);
});

t.test("noise between the lines changes nothing", async (t) => {
  const { points, problems } = parseKtap(
    stream(
      "[    3.141593] livestack: loading out-of-tree module taints kernel.",
      "1..2",
      "ok, loading",
      "okay 1 is no point",
      "3..7 is no plan",
      "  KTAP version 1",
      "  1..1",
      "stray line at the margin",
      "      deeper than anything",
      "\tok",
      "  ok 1 x\r",
      "ok 1 a\r",
      "---",
      "message: yaml",
      "...",
      "ok 2 b",
      "random: crng init done",
    ),
  );
  t.same(problems, []);
  t.same(brief(points), ["pass a > x", "pass b"]);
});

t.test("a failure without a number is not lost", async (t) => {
  t.match(parseKtap(stream("1..1", "ok 1 a", "not ok - b")).problems, [/without a number/]);
});

t.test("diagnostics go to the point that follows them", async (t) => {
  const { points } = parseKtap(
    stream(
      ...["1..2", "# first", "#second", "not ok 1 a", "  1..1", "  # of x", "  not ok 1 x"],
      ...["  # after x", "# of b", "not ok 2 b"],
    ),
  );
  t.same(points[0]?.diagnostics, ["first", "second"]);
  t.same(points[1]?.children[0]?.diagnostics, ["of x"]);
  t.same(points[1]?.diagnostics, ["of b", "after x"]);
});

t.test("a subtest that fails without a failing point counts as failed", async (t) => {
  const { points, problems } = parseKtap(stream("1..1", "  1..1", "  ok 1 x", "not ok 1 a"));
  t.same(problems, []);
  t.same(brief(points), ["pass a > x", "fail a"]);
});

t.test("a stream that is indented as a whole is read as one that is not", async (t) => {
  const { points, problems } = parseKtap("  KTAP version 1\n  1..1\n  ok 1 a\n");
  t.same(problems, []);
  t.same(brief(points), ["pass a"]);
});
