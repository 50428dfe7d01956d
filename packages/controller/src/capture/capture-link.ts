// SPDX-License-Identifier: Apache-2.0
// Writes what a link hands over to a pcapng file, as long as it is captured.
import { setTimeout as sleep } from "node:timers/promises";
import { End } from "@livestack/netlink-client";
import * as z from "zod";
import { u64 } from "../agent/wire-types.js";
import { programVersion } from "../program-version.js";
import { CaptureFile } from "./capture-file.js";
import type { CapturedBatch, CapturedMessage, CaptureSource } from "./capture-source.js";
import {
  Direction,
  interfaceBlock,
  LinkType,
  packetBlock,
  sectionBlock,
  statisticsBlock,
} from "./pcapng.js";

/** How long the kernel's ring is left to fill. */
const POLL_MS = 50;
const SNAP_BYTES = 65_536;
/** In these is all that the kernel's ring can hold. */
const LAST_BATCHES = 16;

/** What to write where. */
export const capturePlan = z.strictObject({
  file: z.string().min(1).max(4095),
  /** what is at the link's ends, "client" or "client:eth0" */
  a: z.string(),
  b: z.string(),
  /** an end is a network device: messages are its frames */
  ethernet: z.boolean(),
  /** since 1970: what stamps show at simulated time 0 */
  epochNs: u64,
});

export type CapturePlan = z.output<typeof capturePlan>;

export interface CaptureCounts {
  /** in the file */
  messages: bigint;
  /** not in the file, as this process was too slow to read them */
  lost: bigint;
  /** why it was given up before its end */
  failure?: string;
}

/** One way over the link is one interface of the file. */
interface Way {
  name: string;
  direction: number;
  messages: bigint;
  lost: bigint;
}

export class LinkCapture {
  readonly #source: CaptureSource;
  readonly #plan: CapturePlan;
  readonly #file: CaptureFile;
  readonly #ways: Way[];
  readonly #ended: Promise<void>;
  readonly #hurry = new AbortController();
  #lastNs = 0n;
  #failure: string | undefined;

  /** Begins at once. The source is its to close. @throws system errors of the file */
  constructor(source: CaptureSource, plan: CapturePlan) {
    const { a, b } = plan;
    this.#source = source;
    this.#plan = plan;
    this.#ways = [
      { name: `${a} -> ${b}`, direction: Direction.outbound, messages: 0n, lost: 0n },
      { name: `${b} -> ${a}`, direction: Direction.inbound, messages: 0n, lost: 0n },
    ];
    try {
      this.#file = CaptureFile.open(plan.file);
      this.#file.append(this.#head());
    } catch (error) {
      source.close();
      throw error;
    }
    this.#ended = this.#run();
  }

  /** Takes what has come up to now, and closes the file. */
  async end(): Promise<CaptureCounts> {
    this.#hurry.abort();
    await this.#ended;
    const sum = (key: "messages" | "lost") => this.#ways.reduce((all, way) => all + way[key], 0n);
    return {
      ...{ messages: sum("messages"), lost: sum("lost") },
      ...(this.#failure !== undefined && { failure: this.#failure }),
    };
  }

  async #run(): Promise<void> {
    try {
      await this.#follow();
      this.#file.append(this.#ways.map((_, index) => this.#statistics(index)));
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error);
    } finally {
      this.#source.close();
      this.#file.close();
    }
  }

  async #follow(): Promise<void> {
    const { signal } = this.#hurry;
    // Where messages still flow there would always be one more.
    for (let left = LAST_BATCHES; left > 0; left -= signal.aborted ? 1 : 0) {
      // Before reading: what came by then is to be in the file.
      const isLast = signal.aborted;
      const batch = this.#source.read();
      if (batch === "end" || (batch === "nothing" && isLast)) return;
      if (batch !== "nothing") this.#write(batch);
      const pauseMs = batch === "nothing" ? POLL_MS : 0;
      await sleep(pauseMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** In one piece: that many blocks are there, or none of them. */
  #write({ messages, lost }: CapturedBatch): void {
    const blocks = messages.map((message) => this.#packet(message));
    for (const [end, count] of lost) {
      const index = indexOf(end);
      const way = this.#ways[index];
      if (!way || count <= way.lost) continue;
      way.lost = count;
      // Also here: whoever is killed writes nothing at the end.
      blocks.push(this.#statistics(index));
    }
    this.#file.append(blocks);
  }

  #packet({ end, arrivalNs, sendNs, length, data }: CapturedMessage): Buffer {
    const index = indexOf(end);
    const way = this.#ways[index];
    if (way) way.messages++;
    if (arrivalNs > this.#lastNs) this.#lastNs = arrivalNs;
    return packetBlock({
      ...{ interface: index, timeNs: this.#plan.epochNs + arrivalNs, length, data },
      direction: way?.direction ?? 0,
      comment: `sent at ${sendNs} ns, arrived at ${arrivalNs} ns of simulated time`,
    });
  }

  #statistics(index: number): Buffer {
    const { messages = 0n, lost = 0n } = this.#ways[index] ?? {};
    return statisticsBlock({
      ...{ interface: index, timeNs: this.#plan.epochNs + this.#lastNs },
      ...{ received: messages + lost, dropped: lost },
    });
  }

  #head(): Buffer[] {
    const linkType = this.#plan.ethernet ? LinkType.ethernet : LinkType.user0;
    return [
      sectionBlock(`livestack ${programVersion()}`),
      ...this.#ways.map(({ name }) => interfaceBlock({ name, linkType, snapBytes: SNAP_BYTES })),
    ];
  }
}

/** Of the interface for what arrives at an end. */
export function indexOf(end: number): number {
  return end === End.b ? 0 : 1;
}
