// SPDX-License-Identifier: Apache-2.0
// Lab hosts, each with a kernel of its own, agree on windows in which nothing else is done: what bench_sync.c
// does on each of them.
import { randomBytes, randomUUID } from "node:crypto";
import { join } from "node:path";
import { repoRoot, Talker } from "@livestack/lab";

const program = join(repoRoot, "kernel/build/selftests/bench_sync");

export interface SyncHost {
  name: string;
  /** IPv4, where the others reach it */
  address: string;
}

export interface WindowCost {
  /** of wall time, in ns */
  costNs: number;
  /** that this host has sent to all others */
  packets: number;
}

/**
 * Needs livestack_sync.ko in each.
 * @returns what a window costs each of them, in the mean
 * @throws Error what the program of one of them has said, if it ends early
 */
export async function windowsInKernels(
  hosts: readonly SyncHost[],
  windows: number,
): Promise<WindowCost[]> {
  const [uuid, key] = [randomUUID(), randomBytes(32).toString("hex")];
  const talkers = await Promise.all(
    hosts.map(({ name, address }, host) =>
      Talker.start(name, program, `${hosts.length}`, `${host}`, address, `${windows}`),
    ),
  );
  for (const talker of talkers) talker.say(`${uuid} ${key}`);
  const ends = await Promise.all(talkers.map((talker) => talker.line()));
  for (const [host, talker] of talkers.entries())
    for (const [other, { address }] of hosts.entries())
      if (other !== host) talker.say(`${address} ${ends[other]}`);
  const said = await Promise.all(talkers.map((talker) => talker.line()));
  for (const talker of talkers) await talker.end();
  return said.map((line) => {
    const [costNs = Number.NaN, packets = Number.NaN] = line.split(" ").map(Number);
    return { costNs, packets };
  });
}
