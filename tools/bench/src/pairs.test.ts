// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import {
  interleavedPairs,
  judge,
  MIN_PAIRS,
  measureRounds,
  type PairedBench,
  type Round,
} from "./pairs.js";
import { BenchStatus, json, statusOf, table } from "./report.js";

/** Rounds with these ratios candidate / baseline, and these of the baseline with itself. */
function rounds(ratios: readonly number[], aa: readonly number[]): Round[] {
  return ratios.map((ratio, i) => ({
    baseline: 2,
    candidate: 2 * ratio,
    again: [4, 4 * (aa[i] ?? 1)],
  }));
}

const calm = [1, 1.01, 0.99, 1, 1.02, 0.98, 1];
const noisy = [1, 1.5, 0.6, 1.4, 0.7, 1.3, 1];
const around = (ratio: number) => [-0.1, 0.1, 0, 0.05, -0.05, 0, 0].map((part) => ratio + part);
const atMost3 = { tolerance: 0.1, claim: { ratioAtMost: 3 } };
const atLeast2 = { tolerance: 0.1, claim: { ratioAtLeast: 2 } };

function bench(parts: Partial<PairedBench> = {}): PairedBench {
  return {
    ...{ name: "made-up", promise: "twice as long at most", unit: "s", pairs: MIN_PAIRS },
    ...{ tolerance: 0.1, claim: { ratioAtMost: 2 } },
    ...{ baseline: async () => 1, candidate: async () => 1.5 },
    ...parts,
  };
}

t.test("a claim that is kept passes, also at its very limit", async (t) => {
  t.match(judge(rounds(around(2.9), calm), atMost3), { verdict: "pass" });
  t.match(judge(rounds(around(2.1), calm), atLeast2), { verdict: "pass" });
  const limit = [3, 3, 3, 3, 3, 3, 3];
  t.match(judge(rounds(limit, calm), atMost3), { verdict: "pass" });
});

t.test("a claim that is not kept fails, and the reason has both figures", async (t) => {
  const { verdict, because } = judge(rounds(around(3.1), calm), atMost3);
  t.equal(verdict, "fail");
  t.match(because, /3\.100.*at most 3/);
  t.match(judge(rounds(around(1.9), calm), atLeast2), { verdict: "fail" });
});

t.test("A/A pairs that vary too much make it inconclusive, whatever the ratio", async (t) => {
  for (const ratio of [1, 10]) {
    const { verdict, because, aa } = judge(rounds(around(ratio), noisy), atMost3);
    t.equal(verdict, "inconclusive");
    t.match(because, /A\/A spread/);
    t.ok(aa.spread > 0.1);
  }
});

t.test("A/A pairs that agree on something else than 1 make it inconclusive", async (t) => {
  for (const bias of [1.3, 0.7]) {
    const aa = [bias, bias, bias, bias, bias, bias, bias];
    const { verdict, because } = judge(rounds(around(1), aa), atMost3);
    t.equal(verdict, "inconclusive");
    t.match(because, /A\/A median/);
  }
});

t.test("a spread as large as the tolerance is still within it", async (t) => {
  const aa = [0.75, 0.75, 1, 1, 1, 1.25, 1.25];
  const { spread } = judge(rounds(around(1), aa), atMost3).aa;
  const verdictAt = (tolerance: number) =>
    judge(rounds(around(1), aa), { ...atMost3, tolerance }).verdict;
  t.equal(spread, 0.25);
  t.equal(verdictAt(0.25), "pass");
  t.equal(verdictAt(0.2499), "inconclusive");
});

t.test("the median decides, not the mean", async (t) => {
  t.match(judge(rounds([1, 1, 1, 1, 90, 90, 90], calm), atMost3), { verdict: "pass" });
});

t.test(
  "pairs are interleaved in alternating order, after one unrecorded run of each",
  async (t) => {
    const log: string[] = [];
    let now = 0;
    const measure = (side: string) => async () => {
      log.push(side);
      return ++now;
    };
    const measured = await measureRounds(
      { name: "order", baseline: measure("A"), candidate: measure("B") },
      2,
    );
    t.equal(log.join(""), "AB" + "ABAA" + "AABA");
    t.same(measured, [
      { baseline: 3, candidate: 4, again: [5, 6] },
      { baseline: 10, candidate: 9, again: [8, 7] },
    ]);
  },
);

t.test("a drift hits both sides alike", async (t) => {
  let now = 100;
  const drifting = async () => ++now;
  const result = await interleavedPairs(
    bench({ baseline: drifting, candidate: drifting, pairs: 8, claim: { ratioAtMost: 1.01 } }),
  );
  t.equal(result.verdict, "pass");
  t.ok(Math.abs(result.ratio.median - 1) < 0.001);
  t.ok(Math.abs(result.aa.median - 1) < 0.001);
});

t.test("too few pairs are refused, and nothing is measured", async (t) => {
  let measured = 0;
  const baseline = async () => ++measured;
  for (const pairs of [MIN_PAIRS - 1, 0, 7.5, Number.NaN])
    await t.rejects(interleavedPairs(bench({ baseline, pairs })), /7 or more/);
  t.equal(measured, 0);
});

t.test("what all measures share is made before the first and ended after the last", async (t) => {
  const log: string[] = [];
  const prepare = async () => {
    log.push("begin");
    return async () => {
      log.push("end");
    };
  };
  const measure = async () => log.push("measure");
  await interleavedPairs(bench({ prepare, baseline: measure, candidate: measure }));
  t.equal(log.shift(), "begin");
  t.equal(log.pop(), "end");
  t.same([...new Set(log)], ["measure"]);

  log.length = 0;
  const fail = async () => Number.NaN;
  await t.rejects(interleavedPairs(bench({ prepare, baseline: fail })), /positive number/);
  t.same(log, ["begin", "end"], "also when a measure fails");
});

t.test("a measure that is no positive number is refused", async (t) => {
  for (const value of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    await t.rejects(interleavedPairs(bench({ candidate: async () => value })), /positive number/);
});

t.test("the table and the JSON carry the verdict and the A/A pairs", async (t) => {
  const result = await interleavedPairs(bench());
  t.match(table(result), /7 interleaved pairs/);
  t.match(table(result), /candidate \/ baseline +1\.500/);
  t.match(table(result), /A\/A\) +1\.000/);
  t.match(table(result), /pass: median ratio 1\.500, claimed at most 2/);
  t.match(JSON.parse(json([result])), {
    schema: "livestack.bench/1",
    benches: [{ name: "made-up", verdict: "pass", ratio: { median: 1.5 }, aa: { median: 1 } }],
  });
});

t.test("the exit status tells failed from inconclusive from passed", async (t) => {
  t.equal(statusOf(["pass", "pass"]), BenchStatus.PASS);
  t.equal(statusOf(["pass", "inconclusive"]), BenchStatus.INCONCLUSIVE);
  t.equal(statusOf(["inconclusive", "fail"]), BenchStatus.FAIL);
  t.same(BenchStatus, { PASS: 0, FAIL: 1, USAGE: 2, MACHINE_NOT_READY: 3, INCONCLUSIVE: 4 });
});
