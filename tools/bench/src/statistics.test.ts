// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { quantile, summarize } from "./statistics.js";

t.test("quantiles interpolate between order statistics", async (t) => {
  t.equal(quantile([3, 1, 2], 0.5), 2);
  t.equal(quantile([4, 1, 2, 3], 0.5), 2.5);
  t.equal(quantile([1, 2, 3, 4], 0.25), 1.75);
  t.equal(quantile([1, 2, 3, 4], 0.75), 3.25);
  t.equal(quantile([5, 9], 0), 5);
  t.equal(quantile([5, 9], 1), 9);
  t.equal(quantile([7], 0.3), 7);
});

t.test("values are compared as numbers and left as they are", async (t) => {
  const values = [10, 9, 100];
  t.equal(quantile(values, 0.5), 10);
  t.same(values, [10, 9, 100]);
});

t.test("there is no quantile of nothing", async (t) => {
  t.throws(() => quantile([], 0.5), RangeError);
});

t.test("spread is the interquartile range over the median", async (t) => {
  t.same(summarize([8, 10, 12, 14, 16]), {
    ...{ min: 8, q1: 10, median: 12, q3: 14, max: 16 },
    spread: 4 / 12,
  });
});

t.test("one outlier moves the maximum and not the spread", async (t) => {
  const calm = summarize([1, 1, 1, 1, 1, 1, 1]);
  const outlier = summarize([1, 1, 1, 1, 1, 1, 9]);
  t.equal(outlier.spread, calm.spread);
  t.equal(outlier.max, 9);
});
