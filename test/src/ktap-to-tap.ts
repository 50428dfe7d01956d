// SPDX-License-Identifier: Apache-2.0
import { type KtapReport, leafPoints } from "@livestack/lab";
import type { Test } from "tap";

/**
 * Makes a report from inside the lab part of the one TAP summary: a point of tap's for each leaf, and
 * a failing one for each thing that makes the report no valid account. tap cannot be given the KTAP
 * itself: it swallows KTAP's subtests and takes an expected failure for a failure.
 */
export function reportKtap(t: Test, { points, problems }: KtapReport): void {
  for (const { name, outcome, reason, diagnostics } of leafPoints(points)) {
    if (outcome === "pass") t.pass(name);
    else if (outcome === "skip") t.pass(name, { skip: reason || "no reason given" });
    else if (outcome === "xfail") t.fail(name, { todo: reason || "known to fail" });
    else t.fail(name, { reason, diagnostics });
  }
  for (const problem of problems) t.fail(problem);
}
