// SPDX-License-Identifier: Apache-2.0
import { down, ExitStatus, LabError, type LabState, type UpOptions, up } from "@livestack/lab";
import type { Test } from "tap";

/** Boots a lab for one test file and ends it with the test, however that ends. */
export async function withLab(
  t: Test,
  purpose: string,
  options: Omit<UpOptions, "name"> = {},
): Promise<LabState> {
  const name = labName(purpose);
  t.teardown(async () => {
    try {
      await down(name);
    } catch (error) {
      // A test may have ended it itself.
      if (!(error instanceof LabError && error.status === ExitStatus.NO_SUCH_LAB)) throw error;
    }
  });
  return up({ ...options, name });
}

/** Two runs of the tests at once must not take each other's labs. */
export function labName(purpose: string): string {
  return `t${process.pid}-${purpose}`;
}
