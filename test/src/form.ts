// SPDX-License-Identifier: Apache-2.0
import type { TestForm } from "@livestack/lab";

/** The short form checks the same with smaller counts; the full one has the figures of the issues. */
export const form: TestForm = process.env.LIVESTACK_TEST_FORM === "full" ? "full" : "short";

/** A count for this run's form; every use stands in the table of test/README.md. */
export function count(short: number, full: number): number {
  return form === "full" ? full : short;
}
