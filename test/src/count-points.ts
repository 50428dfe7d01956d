// SPDX-License-Identifier: Apache-2.0
import { Parser } from "tap-parser";

export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
  /** known to fail, and did: neither passed nor failed */
  todo: number;
}

/**
 * Counts the leaf points of a TAP stream: a point that only sums up its subtest is none, but it does
 * count as failed where that subtest is bad without a failing point of its own (a plan not kept).
 */
export function countPoints(tap: string): Counts {
  const counts: Counts = { passed: 0, failed: 0, skipped: 0, todo: 0 };
  const root = new Parser();
  watch(root, counts);
  root.end(tap);
  return counts;
}

function watch(parser: Parser, counts: Counts): void {
  let subtestIsGood = true;
  parser.on("child", (child: Parser) => {
    watch(child, counts);
    child.on("complete", (results) => {
      subtestIsGood = results.ok;
    });
  });
  parser.on("assert", (point) => {
    if (point.closingTestPoint) {
      // A program that failed after its last point, or was killed, shows only here.
      if (!point.ok && !point.todo && !point.skip && subtestIsGood) counts.failed++;
    } else if (point.skip) counts.skipped++;
    else if (point.todo && !point.ok) counts.todo++;
    else if (point.ok) counts.passed++;
    else counts.failed++;
  });
  parser.on("extra", (line) => {
    // A test that was asked for too late: tap says so, outside any point, and leaves it out.
    if (/^Error: .* after (parent )?test ends/.test(line)) counts.failed++;
  });
  parser.on("complete", (results) => {
    // Plan not kept, no plan, bail-out: failures that are no points.
    counts.failed += results.failures.filter((failure: object) => !("name" in failure)).length;
  });
}
