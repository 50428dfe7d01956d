// SPDX-License-Identifier: Apache-2.0
import { latencyNs, type Sample } from "./scene.js";

/** So many requests are shown; all are compared. */
export const SHOWN = 12;

const HEAD = [
  ...["request", "sent", "arrived", "service", "answered"],
  ...["latency, measured", "by queueing arithmetic", "equal?"],
];

/** Nothing is rounded: a microsecond has three places for its nanoseconds. */
function us(ns: bigint): string {
  return `${ns / 1000n}.${String(ns % 1000n).padStart(3, "0")}`;
}

function sameTimes(own: Sample, wanted: Sample | undefined): boolean {
  return (
    own.request === wanted?.request &&
    own.sentNs === wanted.sentNs &&
    own.arrivedNs === wanted.arrivedNs &&
    own.serviceNs === wanted.serviceNs &&
    own.answeredNs === wanted.answeredNs
  );
}

/** What one client measured beside what was calculated, and how many of its requests are equal. */
export function latencyTable(
  own: readonly Sample[],
  wanted: readonly Sample[],
): { text: string; equal: number } {
  const rows = own.map((sample, i) => {
    const calculated = wanted[i];
    return [
      ...[String(sample.request), us(sample.sentNs), us(sample.arrivedNs), us(sample.serviceNs)],
      ...[us(sample.answeredNs), us(latencyNs(sample))],
      ...[
        calculated ? us(latencyNs(calculated)) : "none",
        sameTimes(sample, calculated) ? "yes" : "NO",
      ],
    ];
  });
  const equal = own.filter((sample, i) => sameTimes(sample, wanted[i])).length;
  const shown = [HEAD, ...rows.slice(0, SHOWN)];
  const widths = HEAD.map((_, i) => Math.max(...shown.map((cells) => cells[i]?.length ?? 0)));
  const lines = shown.map((cells) =>
    cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("  "),
  );
  return { text: lines.join("\n"), equal };
}
