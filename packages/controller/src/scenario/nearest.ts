// SPDX-License-Identifier: Apache-2.0

/** The word that was probably meant, for "did you mean"; undefined when none is near. */
export function nearest(written: string, words: readonly string[]): string | undefined {
  const limit = Math.floor((written.length + 1) / 3);
  const begins = words.filter((word) => written.length > 2 && word.startsWith(written));
  if (begins.length === 1) return begins[0];
  const near = words
    .map((word) => ({ word, edits: editsBetween(written.toLowerCase(), word.toLowerCase()) }))
    .filter(({ edits }) => edits <= limit)
    .sort((a, b) => a.edits - b.edits);
  return near[0]?.word;
}

/** More words than this are neither searched nor listed. */
const WORDS_MAX = 100;

/** The hint that follows: what was meant, or all there is. */
export function suggestion(written: string, words: readonly string[]): string {
  if (words.length > WORDS_MAX) return `take one of the ${words.length} there are`;
  const meant = nearest(written, words);
  return meant === undefined ? `take one of ${words.join(", ")}` : `did you mean ${meant}?`;
}

/** Letters to insert, delete, replace or swap with their neighbour (optimal string alignment). */
function editsBetween(a: string, b: string): number {
  // Beyond this nothing is near any word of ours, and the work grows with the product.
  if (Math.abs(a.length - b.length) > 20) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      next[j] = Math.min(
        at(row, j) + 1,
        at(next, j - 1) + 1,
        at(row, j - 1) + same,
        swapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [before, row] = [row, next];
  }
  return at(row, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
