// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { bucketTop, summarise } from "./histogram.js";

test("a summary's figures are the most that each can be", async (t) => {
  t.equal(bucketTop(0), 0n);
  t.equal(bucketTop(10), 1023n);
  t.equal(summarise([]), undefined);
  t.equal(summarise([0n, 0n]), undefined);
  t.same(summarise([3n]), { count: 3n, p50: 0n, p99: 0n, max: 0n });
  const counts = [50n, 49n, 0n, 0n, 1n];
  t.same(summarise(counts), { count: 100n, p50: 0n, p99: 1n, max: 15n });
  t.same(summarise([0n, 1n, 1n, 1n]), { count: 3n, p50: 3n, p99: 7n, max: 7n });
});
