// SPDX-License-Identifier: Apache-2.0
// node server.js SESSION COMPONENT SEED MEAN_NS: kernel/selftests/model_server.c in TypeScript. A server
// that works on one request at a time, in the order in which they came, and answers each when it is
// through with it. It serves any number of clients, until the session ends.
import { ModelComponent, ModelError } from "../index.js";
import { decodeRequest, encodeAnswer, serviceNs } from "./queueing.js";

interface Waiting {
  number: bigint;
  arrivedNs: bigint;
  link: number;
}

const [session, component, seed, meanNs] = process.argv.slice(2);
if (!session || !component || !seed || !meanNs) {
  process.stderr.write("usage: server.js SESSION COMPONENT SEED MEAN_NS\n");
  process.exit(2);
}

const model = ModelComponent.join({ session: Number(session), component: Number(component) });
const queue: Waiting[] = [];
let served = 0n;
/** The request that is worked on: the first in the queue. */
let current: { serviceNs: bigint; doneNs: bigint } | undefined;

function answerFirst(service: bigint): void {
  const first = queue.shift();
  if (!first) throw new Error("nothing was worked on");
  const { number, arrivedNs, link } = first;
  model.send(link, encodeAnswer({ number, arrivedNs, serviceNs: service }));
}

/** All that has arrived by now; several may have arrived at the same time. */
function takeRequests(): void {
  for (let message = model.recv(); message; message = model.recv()) {
    const { data, arrivalNs, link } = message;
    queue.push({ number: decodeRequest(data), arrivedNs: arrivalNs, link });
  }
}

/** From one event to the next: the end of a service, or the arrival of requests. */
async function serve(): Promise<never> {
  for (;;) {
    await model.wait(current?.doneNs);
    if (current && model.clockNs >= current.doneNs) {
      answerFirst(current.serviceNs);
      current = undefined;
    }
    takeRequests();
    if (!current && queue.length > 0) {
      const service = serviceNs(BigInt(seed ?? 0), served++, BigInt(meanNs ?? 0));
      current = { serviceNs: service, doneNs: model.clockNs + service };
    }
  }
}

try {
  await serve();
} catch (error) {
  // The session's end is what it waited for.
  if (!(error instanceof ModelError && error.code === "ESHUTDOWN")) throw error;
} finally {
  model.close();
}
