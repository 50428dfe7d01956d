// SPDX-License-Identifier: Apache-2.0
// The processes that are a guest's modelled disks, each with the link over which its requests go: from
// the guest's machine to itself. packages/disk has the program.
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { attributeSets, End, PortKind } from "@livestack/netlink-client";
import { given } from "../given.js";
import { killProcess, type ProcessIdentity } from "../host/process-identity.js";
import {
  adoptProcess,
  endText,
  type ProcessEnd,
  type ScopedProcess,
  startInScope,
} from "../host/scope.js";
import type { KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { diskProgram, TOKENS } from "../vmm/disk-program.js";
import type { GuestPlace } from "./live-guest.js";
import type { Params } from "./protocol.js";

/** An emulated host takes its time to start a program. */
const LISTEN_LIMIT_MS = 60_000;
const LISTEN_POLL_MS = 10;
/** All requests of a ring are on their way at once, at most. */
const QUEUE_BYTES = 1 << 20;

type Model = NonNullable<Params<"boot">["diskModel"]>;

export interface DiskPlan {
  name: string;
  model: Model;
  /** of raw images */
  disks: readonly string[];
  vmmLog: string;
}

/** What people call the links that the disks are to the kernel. */
export function diskLinks({ name, model, disks }: DiskPlan): { id: number; name: string }[] {
  return disks.map((_, index) => ({
    id: model.firstLink + index,
    name: `${name}:${diskName(index)}`,
  }));
}

/** As the guest calls it, which has no others. */
function diskName(index: number): string {
  return `vd${String.fromCharCode("a".charCodeAt(0) + index)}`;
}

export class DiskBackEnds {
  readonly sockets: string[] = [];
  readonly identities: ProcessIdentity[] = [];
  /** settles with words about the first that ended and should not have; never if none does */
  readonly lost: Promise<string>;
  readonly #ended: Promise<ProcessEnd>[] = [];
  #lose: (how: string) => void = () => {};

  private constructor() {
    this.lost = new Promise((done) => {
      this.#lose = done;
    });
  }

  /**
   * Before the guest's VMM, which connects to them.
   * @param started is told of each process at once: whoever comes after a kill is to know of it
   * @throws LivestackError SYSTEM, COMPONENT_LOST; what the kernel refuses
   */
  static async start(
    kernel: KernelClient,
    session: number,
    place: GuestPlace,
    plan: DiskPlan,
    started: (identity: ProcessIdentity) => void,
  ): Promise<DiskBackEnds> {
    const all = new DiskBackEnds();
    try {
      for (const [index, image] of plan.disks.entries()) {
        const { identity } = await all.#startOne(place, plan, index, image, started);
        await joinLink(kernel, session, place.id, identity.pid, index, plan.model);
      }
    } catch (error) {
      await all.end();
      throw error;
    }
    return all;
  }

  /** Those that an earlier livestack has started. */
  static adopt(identities: readonly ProcessIdentity[]): DiskBackEnds {
    const all = new DiskBackEnds();
    for (const [index, identity] of identities.entries()) all.#watch(adoptProcess(identity), index);
    return all;
  }

  /** They go with their front end by themselves; this is for where there is none, and to wait for it. */
  async end(): Promise<void> {
    for (const identity of this.identities) killProcess(identity, "SIGKILL");
    await Promise.all(this.#ended);
  }

  async #startOne(
    { id, uuid, runtime, env }: GuestPlace,
    { name, vmmLog }: DiskPlan,
    index: number,
    image: string,
    started: (identity: ProcessIdentity) => void,
  ): Promise<ScopedProcess> {
    const socket = runtime.disk(id, index);
    const back = await startInScope({
      unit: `livestack-${uuid}-${id}-disk${index}`,
      argv: [diskProgram(), "--socket", socket, "--image", image],
      env: { ...env },
      directory: "/",
      log: vmmLog,
    });
    started(back.identity);
    this.sockets.push(socket);
    this.#watch(back, index);
    await listens(socket, back, `${name}: ${diskName(index)}`, vmmLog);
    return back;
  }

  #watch({ identity, ended }: ScopedProcess, index: number): void {
    this.identities.push(identity);
    this.#ended.push(ended);
    void ended.then((end) => {
      // With 0 it has gone after its front end.
      if (end.status !== 0)
        this.#lose(`the back end of its disk ${diskName(index)} ${endText(end)}`);
    });
  }
}

/** @throws LivestackError COMPONENT_LOST, SYSTEM */
async function listens(
  socket: string,
  { ended }: ScopedProcess,
  place: string,
  log: string,
): Promise<void> {
  let end: ProcessEnd | undefined;
  void ended.then((how) => {
    end = how;
  });
  const limit = performance.now() + LISTEN_LIMIT_MS;
  while (!existsSync(socket)) {
    const hint = `${log} has what it said`;
    if (end)
      throw new LivestackError("COMPONENT_LOST", `its back end ${endText(end)}`, { place, hint });
    if (performance.now() > limit)
      throw new LivestackError("SYSTEM", "its back end does not listen", { place, hint });
    await sleep(LISTEN_POLL_MS);
  }
}

/** What a request takes is what a token of its size takes over this link. */
async function joinLink(
  kernel: KernelClient,
  session: number,
  component: number,
  pid: number,
  index: number,
  { latencyNs, rateBps, firstLink }: Model,
): Promise<void> {
  const link = firstLink + index;
  const limitPackets = Number(attributeSets.direction.limitPackets.max);
  const rate = rateBps === undefined ? {} : { rateBps, limitPackets };
  await kernel.linkNew({
    ...{ session, id: link, a: component, b: component, loop: true, latencyNs },
    ...{ queueBytes: QUEUE_BYTES, toB: given(rate) },
  });
  const port = { session, link, kind: PortKind.socket, pid };
  // First where tokens come out: one waits to be sent already, and would be lost.
  await kernel.portNew({ ...port, end: End.b, fd: TOKENS.in });
  await kernel.portNew({ ...port, end: End.a, fd: TOKENS.out, sized: true });
}
