// SPDX-License-Identifier: Apache-2.0
// Clients and a server with a queue, and what has to come out. All times in ns of simulated time.
import { gapNs, serviceNs } from "@livestack/model/queueing";

/** In which a reference model is written: they are programs of the same arguments and output. */
export type Language = "c" | "ts";

export interface Scene {
  quantumNs: number;
  /** latency of each link, to the server and back */
  toNs: number;
  backNs: number;
  /** so many each client sends */
  requests: number;
  /** when requests go out follows from `seed`; `gapNs` apart, more or less */
  clients: readonly { language: Language; seed: number; gapNs: number }[];
  /** how long it works on each follows from `seed`; `serviceNs`, more or less */
  server: { language: Language; seed: number; serviceNs: number };
}

export interface SceneResult {
  /** what each client printed */
  lines: readonly string[];
  /** of the session: so many opened */
  windows: number;
  /** of the session: so many messages came after their arrival time */
  late: number;
}

/** One request, as a client measured it or as it was calculated. */
export interface Sample {
  client: number;
  request: number;
  sentNs: bigint;
  /** at the server */
  arrivedNs: bigint;
  serviceNs: bigint;
  /** when the client had the answer */
  answeredNs: bigint;
}

export function latencyNs({ sentNs, answeredNs }: Sample): bigint {
  return answeredNs - sentNs;
}

/** What clients printed, in the order of their answers. */
export function measured({ lines }: SceneResult): Sample[][] {
  return lines.map((text, client) =>
    text
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [request, sent, arrived, service, answered] = line.split(" ").map(BigInt);
        if (answered === undefined) throw new Error(`client ${client} printed "${line}"`);
        return {
          ...{ client, request: Number(request), sentNs: sent ?? 0n, arrivedNs: arrived ?? 0n },
          ...{ serviceNs: service ?? 0n, answeredNs: answered },
        };
      }),
  );
}

/**
 * What clients have to print, each in the order of its answers. Requests are served in the order of
 * delivery: arrival, source, the source's sequence. The n-th waits in the queue for
 * W(n) = max(0, W(n-1) + S(n-1) - (A(n) - A(n-1))), where A is when it arrives and S how long it is
 * worked on (Lindley 1952).
 */
export function calculated(scene: Scene): Sample[][] {
  const { server } = scene;
  const samples = scene.clients.flatMap((_, client) => requestsOf(scene, client));
  samples.sort(
    (a, b) => Number(a.arrivedNs - b.arrivedNs) || a.client - b.client || a.request - b.request,
  );
  let waitsNs = 0n;
  let before: Sample | undefined;
  for (const [index, sample] of samples.entries()) {
    if (before) waitsNs += before.serviceNs - (sample.arrivedNs - before.arrivedNs);
    if (waitsNs < 0n) waitsNs = 0n;
    sample.serviceNs = serviceNs(BigInt(server.seed), BigInt(index), BigInt(server.serviceNs));
    sample.answeredNs = sample.arrivedNs + waitsNs + sample.serviceNs + BigInt(scene.backNs);
    before = sample;
  }
  return scene.clients.map((_, client) => samples.filter((sample) => sample.client === client));
}

/** When they are sent and arrive; nothing else yet. */
function requestsOf(scene: Scene, client: number): Sample[] {
  const { seed = 0, gapNs: mean = 0 } = scene.clients[client] ?? {};
  let sentNs = 0n;
  return Array.from({ length: scene.requests }, (_, request) => {
    sentNs += gapNs(BigInt(seed), BigInt(request), BigInt(mean));
    const arrivedNs = sentNs + BigInt(scene.toNs);
    return { client, request, sentNs, arrivedNs, serviceNs: 0n, answeredNs: 0n };
  });
}
