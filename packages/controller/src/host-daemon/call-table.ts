// SPDX-License-Identifier: Apache-2.0
// Each call is done once, however often it comes: whoever lost a connection sends again what it has no
// reply to, and cannot know whether it had arrived.
import type { Call, Reply } from "@livestack/proto/agent";

type Result = Reply["result"];

export class CallTable {
  /** by asker, then by id */
  readonly #done = new Map<string, Map<bigint, Promise<Result>>>();

  /** @returns the result of the first time, also where that is still to come */
  once({ asker, id, oldest }: Call, work: () => Promise<Result>): Promise<Result> {
    const mine = this.#done.get(asker) ?? new Map<bigint, Promise<Result>>();
    this.#done.set(asker, mine);
    for (const known of mine.keys()) if (known < oldest) mine.delete(known);
    const result = mine.get(id) ?? work();
    if (id >= oldest) mine.set(id, result);
    return result;
  }
}
