// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { countPoints } from "./count-points.js";

t.test("leaf points are counted, sums are not", async (t) => {
  const tap = [
    "TAP version 14",
    "# Subtest: a",
    "    # Subtest: inner",
    "        ok 1 - x",
    "        not ok 2 - y # TODO later",
    "        1..2",
    "    ok 1 - inner",
    "    ok 2 - z # SKIP no need",
    "    1..2",
    "ok 1 - a",
    "ok 2 - b",
    "1..2",
  ].join("\n");
  t.same(countPoints(tap), { passed: 2, failed: 0, skipped: 1, todo: 1 });
});

t.test("a failing point counts once, however deep", async (t) => {
  const tap = "TAP version 14\n# Subtest: a\n    not ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n";
  t.same(countPoints(tap), { passed: 0, failed: 1, skipped: 0, todo: 0 });
});

t.test("a plan that is not kept is a failure", async (t) => {
  t.equal(countPoints("TAP version 14\n1..3\nok 1 - x\n").failed, 1);
  t.equal(
    countPoints("TAP version 14\n# Subtest: a\n    1..2\n    ok 1 - x\nnot ok 1 - a\n1..1\n")
      .failed,
    1,
  );
});

t.test("a stream that stops is a failure, an empty one has passed nothing", async (t) => {
  t.equal(countPoints("TAP version 14\nok 1 - x\n").failed, 1);
  t.equal(countPoints("").passed, 0);
});

t.test("a program that fails after its last point is a failure", async (t) => {
  const tap = "TAP version 14\n# Subtest: a\n    ok 1 - x\n    1..1\nnot ok 1 - a\n1..1\n";
  t.same(countPoints(tap), { passed: 1, failed: 1, skipped: 0, todo: 0 });
});

t.test("a test that tap has left out is a failure", async (t) => {
  const tap = [
    "TAP version 14",
    "# Subtest: a",
    "    ok 1 - x",
    "    1..1",
    "Error: cannot create subtest after parent test ends",
    "  ---",
    "  test: TAP",
    "  ...",
    "ok 1 - a",
    "1..1",
  ].join("\n");
  t.same(countPoints(tap), { passed: 1, failed: 1, skipped: 0, todo: 0 });
});
