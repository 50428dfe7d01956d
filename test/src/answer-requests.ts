// SPDX-License-Identifier: Apache-2.0
// The inner end of lab-driver.ts: requests are lines of JSON, [verb, ...args]; each is answered by a line, in
// their order.
import { createInterface } from "node:readline";

export type Verbs = Readonly<Record<string, (args: readonly string[]) => unknown>>;

/** Until standard input ends. */
export async function answerRequests(verbs: Verbs): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb = "", ...args] = JSON.parse(line) as string[];
    try {
      const value = await verbs[verb]?.(args);
      process.stdout.write(`${JSON.stringify({ value: value ?? null })}\n`);
    } catch (error) {
      process.stdout.write(`${JSON.stringify({ failed: String(error) })}\n`);
    }
  }
}
