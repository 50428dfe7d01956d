// SPDX-License-Identifier: Apache-2.0

const ATTEMPTS = 6;

/** How a run tells of it. */
export const RESET = "its guest was reset";

/** Whether that is what a run, or an error with its words, tells. */
export const tellsOfReset = (said: string): boolean => said.includes(RESET);

/**
 * Tries once more when a guest was reset, as an emulated processor does with one that boots now and
 * then (docs/design.md).
 * @param again what is done before that
 * @throws whatever else the attempt throws, or the last reset
 */
export async function unlessReset<Value>(
  attempt: () => Promise<Value>,
  again: () => Promise<unknown> = async () => {},
): Promise<Value> {
  for (let left = ATTEMPTS; ; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left <= 1 || !tellsOfReset(String(error))) throw error;
      await again();
    }
  }
}
