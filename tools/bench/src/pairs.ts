// SPDX-License-Identifier: Apache-2.0
import { type Summary, summarize } from "./statistics.js";

/** Fewer pairs prove nothing. */
export const MIN_PAIRS = 7;

/** Measures once; a positive number, e.g. seconds. */
export type Measure = () => Promise<number>;

/** What the median of candidate / baseline is promised to be. */
export type Claim = { ratioAtMost: number } | { ratioAtLeast: number };

export interface PairedBench {
  /** as on the command line */
  name: string;
  /** the sentence that is proved or refuted */
  promise: string;
  /** of what the measures return */
  unit: string;
  /** makes what all measures share, e.g. a lab host; returns what ends it again */
  prepare?: () => Promise<() => Promise<void>>;
  baseline: Measure;
  candidate: Measure;
  /** how many pairs unless asked otherwise; at least MIN_PAIRS */
  pairs: number;
  /** largest A/A spread and A/A bias under which the figures mean something, e.g. 0.2 */
  tolerance: number;
  claim: Claim;
}

/** One round: a pair to compare and, beside it, a pair of the baseline with itself. */
export interface Round {
  baseline: number;
  candidate: number;
  again: readonly [number, number];
}

export type Verdict = "pass" | "fail" | "inconclusive";

export interface Judgement {
  /** of candidate / baseline, a ratio a round */
  ratio: Summary;
  /** of baseline / baseline, a ratio a round */
  aa: Summary;
  verdict: Verdict;
  /** the verdict in a sentence */
  because: string;
}

export interface PairsResult extends Judgement {
  bench: PairedBench;
  rounds: Round[];
}

export type OnRound = (done: number, of: number) => void;

const ORDER = ["baseline", "candidate", "first", "second"] as const;

/**
 * Measures `count` rounds after one unrecorded run of each side (caches, images and initramfs are
 * then made). Order alternates, so that what drifts (heat, caches, other load) hits both sides
 * alike: even rounds measure A B, A1 A2; odd ones A2 A1, B A.
 */
export async function measureRounds(
  { name, baseline, candidate }: Pick<PairedBench, "name" | "baseline" | "candidate">,
  count: number,
  onRound: OnRound = () => {},
): Promise<Round[]> {
  const side = async (measure: Measure) => {
    const value = await measure();
    if (!(value > 0 && Number.isFinite(value)))
      throw new RangeError(`bench ${name}: a measure returned ${value}, not a positive number`);
    return value;
  };
  await side(baseline);
  await side(candidate);
  const rounds: Round[] = [];
  for (let i = 0; i < count; i++) {
    const value = { baseline: 0, candidate: 0, first: 0, second: 0 };
    for (const which of i % 2 === 0 ? ORDER : ORDER.toReversed())
      value[which] = await side(which === "candidate" ? candidate : baseline);
    const { first, second, ...pair } = value;
    rounds.push({ ...pair, again: [first, second] });
    onRound(i + 1, count);
  }
  return rounds;
}

/**
 * Each round gives the ratios candidate / baseline and again[1] / again[0]; a series is summed up by
 * its median and spread = (q3 - q1) / median (statistics.ts).
 *
 * The verdict is `inconclusive` if the A/A pairs, which should all be 1, say that this machine was
 * too noisy: A/A spread > tolerance, or |A/A median - 1| > tolerance. Otherwise the median ratio
 * decides: `pass` if it keeps the claim (the limit itself does), else `fail`.
 */
export function judge(
  rounds: readonly Round[],
  { tolerance, claim }: Pick<PairedBench, "tolerance" | "claim">,
): Judgement {
  const ratio = summarize(rounds.map(({ baseline, candidate }) => candidate / baseline));
  const aa = summarize(rounds.map(({ again }) => again[1] / again[0]));
  const bias = Math.abs(aa.median - 1);
  if (aa.spread > tolerance)
    return {
      ...{ ratio, aa, verdict: "inconclusive" },
      because: `A/A spread ${percent(aa.spread)} is above the tolerance of ${percent(tolerance)}`,
    };
  if (bias > tolerance)
    return {
      ...{ ratio, aa, verdict: "inconclusive" },
      because: `A/A median is ${percent(bias)} off 1, above the tolerance of ${percent(tolerance)}`,
    };
  const kept =
    "ratioAtMost" in claim ? ratio.median <= claim.ratioAtMost : ratio.median >= claim.ratioAtLeast;
  return {
    ...{ ratio, aa, verdict: kept ? "pass" : "fail" },
    because: `median ratio ${ratio.median.toFixed(3)}, claimed ${describeClaim(claim)}`,
  };
}

/**
 * Measures and judges.
 * @throws RangeError for fewer than MIN_PAIRS pairs, or a measure that is no positive number
 */
export async function interleavedPairs(
  bench: PairedBench,
  onRound?: OnRound,
): Promise<PairsResult> {
  if (!Number.isInteger(bench.pairs) || bench.pairs < MIN_PAIRS)
    throw new RangeError(
      `bench ${bench.name}: ${bench.pairs} pairs; take a whole number, ${MIN_PAIRS} or more`,
    );
  const end = await bench.prepare?.();
  try {
    const rounds = await measureRounds(bench, bench.pairs, onRound);
    return { bench, rounds, ...judge(rounds, bench) };
  } finally {
    await end?.();
  }
}

export function describeClaim(claim: Claim): string {
  return "ratioAtMost" in claim ? `at most ${claim.ratioAtMost}` : `at least ${claim.ratioAtLeast}`;
}

export function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}
