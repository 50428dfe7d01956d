// SPDX-License-Identifier: Apache-2.0
import { describeClaim, type PairsResult, percent, type Verdict } from "./pairs.js";
import { type Summary, summarize } from "./statistics.js";

/** Exit statuses of `npm run bench`. */
export const BenchStatus = {
  PASS: 0,
  /** a claim is not kept, or a bench could not be measured */
  FAIL: 1,
  USAGE: 2,
  MACHINE_NOT_READY: 3,
  /** nothing failed, but the machine was too noisy to say that all passed */
  INCONCLUSIVE: 4,
} as const;

export function statusOf(verdicts: readonly Verdict[]): number {
  if (verdicts.includes("fail")) return BenchStatus.FAIL;
  return verdicts.includes("inconclusive") ? BenchStatus.INCONCLUSIVE : BenchStatus.PASS;
}

const HEAD = ["", "median", "spread", "min", "q1", "q3", "max"];

function row(label: string, { median, spread, min, q1, q3, max }: Summary): string[] {
  return [label, fixed(median), percent(spread), ...[min, q1, q3, max].map(fixed)];
}

function fixed(value: number): string {
  return value.toFixed(3);
}

export function table(result: PairsResult): string {
  const { bench, rounds, ratio, aa, verdict, because } = result;
  const rows = [
    HEAD,
    row(`baseline, ${bench.unit}`, summarize(rounds.map((round) => round.baseline))),
    row(`candidate, ${bench.unit}`, summarize(rounds.map((round) => round.candidate))),
    row("candidate / baseline", ratio),
    row("baseline / baseline (A/A)", aa),
  ];
  const widths = HEAD.map((_, column) =>
    Math.max(...rows.map((cells) => cell(cells, column).length)),
  );
  const lines = rows.map((cells) =>
    widths
      .map((width, i) => (i === 0 ? cell(cells, i).padEnd(width) : cell(cells, i).padStart(width)))
      .join("  "),
  );
  return [
    `${bench.name}: ${bench.promise}`,
    `  ratio ${describeClaim(bench.claim)}; ${rounds.length} interleaved pairs; tolerance ${percent(bench.tolerance)}`,
    ...lines.map((line) => `  ${line}`),
    `  ${verdict}: ${because}`,
    "",
  ].join("\n");
}

function cell(cells: readonly string[], column: number): string {
  return cells[column] ?? "";
}

/** For `-o json`: every figure the verdicts rest on. Additions keep the schema's number. */
export function json(results: readonly PairsResult[]): string {
  const benches = results.map(({ bench, rounds, ratio, aa, verdict, because }) => {
    const { name, promise, unit, claim, tolerance } = bench;
    return { name, promise, unit, claim, tolerance, verdict, because, ratio, aa, rounds };
  });
  return `${JSON.stringify({ schema: "livestack.bench/1", benches }, undefined, 2)}\n`;
}
