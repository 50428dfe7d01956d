// SPDX-License-Identifier: Apache-2.0
// The links of a session that are captured on this machine.
import { type CapturePlan, LinkCapture } from "../capture/capture-link.js";
import { CaptureSource } from "../capture/capture-source.js";
import type { Answer } from "./protocol.js";

export type LinkCapturePlan = CapturePlan & { link: number };

export class LinkCaptures {
  readonly #captures = new Map<number, LinkCapture>();

  /**
   * A file that is there already is gone on with.
   * @param root what stands for "/"
   * @throws LivestackError NO_PRIVILEGE, NOT_LOADED, MODULE_REFUSED; system errors of files
   */
  start(root: string, session: number, plans: readonly LinkCapturePlan[]): void {
    for (const { link, ...plan } of plans) {
      const source = CaptureSource.open(root, session, link);
      this.#captures.set(link, new LinkCapture(source, plan));
    }
  }

  /** Takes what has come up to now and closes the files; once it has, there is nothing more to end. */
  async end(): Promise<Answer<"captures-end">["captures"]> {
    const captures = [...this.#captures];
    this.#captures.clear();
    return Promise.all(
      captures.map(async ([link, capture]) => ({ link, ...(await capture.end()) })),
    );
  }
}
