// SPDX-License-Identifier: Apache-2.0

/** What a series of ratios comes to. */
export interface Summary {
  min: number;
  q1: number;
  median: number;
  q3: number;
  max: number;
  /** (q3 - q1) / median: relative interquartile range, which one outlier does not move */
  spread: number;
}

/**
 * Quantile by linear interpolation between order statistics: with the n values sorted and counted
 * from 0, the value at position fraction * (n - 1) (R's type 7, NumPy's default).
 */
export function quantile(values: readonly number[], fraction: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = fraction * (sorted.length - 1);
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined)
    throw new RangeError(`no quantile ${fraction} of ${values.length} values`);
  return below + (above - below) * (position - Math.floor(position));
}

export function summarize(values: readonly number[]): Summary {
  const at = (fraction: number) => quantile(values, fraction);
  const [min, q1, median, q3, max] = [at(0), at(0.25), at(0.5), at(0.75), at(1)];
  return { min, q1, median, q3, max, spread: (q3 - q1) / median };
}
