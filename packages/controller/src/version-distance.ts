// SPDX-License-Identifier: Apache-2.0
import { programVersion } from "./program-version.js";

/** One minor release of skew works: what a release adds, the one before does without. */
export function worksWithUs(version: string): boolean {
  const [major, minor] = numbersOf(version);
  const [ownMajor, ownMinor] = numbersOf(programVersion());
  return major === ownMajor && Math.abs(minor - ownMinor) <= 1;
}

function numbersOf(version: string): [major: number, minor: number] {
  const [major = "", minor = ""] = version.split(".");
  return [Number.parseInt(major, 10), Number.parseInt(minor, 10)];
}
