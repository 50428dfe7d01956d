// SPDX-License-Identifier: Apache-2.0

/**
 * Counts by magnitude, as the module keeps them: entry i counts the values that have i significant
 * bits, so entry 0 the zeros and entry i those from 2^(i-1) to 2^i - 1.
 */
export type Histogram = readonly bigint[];

/** What is known of a histogram's values; each figure is the most that it can be, ns for ns. */
export interface HistogramSummary {
  count: bigint;
  p50: bigint;
  p99: bigint;
  max: bigint;
}

/** The largest value that entry `index` counts. */
export function bucketTop(index: number): bigint {
  return (1n << BigInt(index)) - 1n;
}

/** @returns undefined for a histogram without values */
export function summarise(histogram: Histogram): HistogramSummary | undefined {
  const count = histogram.reduce((sum, each) => sum + each, 0n);
  if (count === 0n) return undefined;
  return {
    count,
    p50: quantile(histogram, count, 50n),
    p99: quantile(histogram, count, 99n),
    max: bucketTop(histogram.findLastIndex((each) => each > 0n)),
  };
}

/** The top of the first entry by which `percent` of the values have been counted. */
function quantile(histogram: Histogram, count: bigint, percent: bigint): bigint {
  const wanted = (count * percent + 99n) / 100n;
  let seen = 0n;
  const index = histogram.findIndex((each) => {
    seen += each;
    return seen >= wanted;
  });
  return bucketTop(index);
}
