// SPDX-License-Identifier: Apache-2.0
// What a mutation is and what its test's outcome proves.

export interface Command {
  argv: readonly string[];
  env?: Readonly<Record<string, string>>;
  limitSeconds: number;
}

/** A bug put into one file, which a test must notice. */
export interface Mutant {
  name: string;
  /** the promise, as the issue or the invariant words it, that goes unguarded if this survives */
  promise: string;
  file: string;
  /** stands exactly once in the file */
  find: string;
  replace: string;
  /** passes on the code as it is and has a failing test point on the mutant */
  command: Command;
}

export interface Outcome {
  /** undefined: it was ended at its limit */
  status: number | NodeJS.Signals | undefined;
  output: string;
}

export type Verdict =
  /** a test point failed */
  | { kind: "killed"; by: string }
  /** the test still passes: it cannot see this bug */
  | { kind: "survived" }
  /** the mutation does not fit the file any more */
  | { kind: "stale"; why: string }
  /** proves nothing: it does not compile, or the command ended without a verdict */
  | { kind: "broken"; why: string };

/** @returns the mutated text, or why the mutation does not fit */
export function mutate(
  text: string,
  { find, replace }: Mutant,
): { text: string } | { why: string } {
  const [before, after, ...more] = text.split(find);
  if (find === "" || before === undefined || after === undefined || more.length > 0)
    return { why: `the text to find stands ${text.split(find).length - 1} times in it, not once` };
  if (find === replace) return { why: "it replaces a text by the same" };
  return { text: before + replace + after };
}

const FAILED_POINT = /^\s*not ok\b(?!.*# (?:TODO|SKIP|XFAIL)\b).*$/gim;
const PASSED_POINT = /^\s*ok \d+\b(?!.*# SKIP\b)/im;

/** The command must be green before a mutation, with a point that passed and was not skipped. */
export function whyNotGreen({ status, output }: Outcome): string | undefined {
  if (status === undefined) return "its command did not end in time on the code as it is";
  if (status !== 0) return `its command ends with ${status} on the code as it is`;
  if (!PASSED_POINT.test(output)) return "its command passes no test point: is the filter right?";
  return undefined;
}

/** Red is a failing test point and a failing status; a crash or a hang alone may have other causes. */
export function judgeMutant({ status, output }: Outcome): Verdict {
  if (status === 0) return { kind: "survived" };
  const points = output.match(FAILED_POINT) ?? [];
  // A test says more by its name than by its assertions' ones.
  const point = points.find((line) => line.startsWith("not ok")) ?? points[0];
  if (point !== undefined) return { kind: "killed", by: point.trim() };
  const end = status === undefined ? "did not end in time" : `ended with ${status}`;
  return { kind: "broken", why: `its command ${end}, without a failing test point` };
}
