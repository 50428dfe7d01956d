// SPDX-License-Identifier: Apache-2.0
// node client.js SESSION COMPONENT LINK COUNT SEED MEAN_NS: kernel/selftests/model_client.c in
// TypeScript. A client that sends COUNT requests over LINK, at times that do not depend on the answers,
// and leaves when it has all of those. It prints a line for each, in the order of answers:
//
//   NUMBER SENT ARRIVED SERVICE ANSWERED
//
// when it sent the request, when that came to the server, how long the server worked on it, and when the
// answer came, all but NUMBER in ns of simulated time.
import { ModelComponent, TIME_NONE } from "../index.js";
import { decodeAnswer, encodeRequest, gapNs } from "./queueing.js";

const [session, component, link, count, seed, meanNs] = process.argv.slice(2);
if (!session || !component || !link || !count || !seed || !meanNs) {
  process.stderr.write("usage: client.js SESSION COMPONENT LINK COUNT SEED MEAN_NS\n");
  process.exit(2);
}

const model = ModelComponent.join({ session: Number(session), component: Number(component) });
const planned = sendTimes(Number(count), BigInt(seed), BigInt(meanNs));
/** When request i went out. */
const sentNs: bigint[] = [];
const lines: string[] = [];

function sendTimes(requests: number, from: bigint, mean: bigint): bigint[] {
  let atNs = 0n;
  return Array.from({ length: requests }, (_, i) => (atNs += gapNs(from, BigInt(i), mean)));
}

function takeAnswers(): void {
  for (let message = model.recv(); message; message = model.recv()) {
    const { number, arrivedNs, serviceNs } = decodeAnswer(message.data);
    const sent = sentNs[Number(number)];
    lines.push(`${number} ${sent} ${arrivedNs} ${serviceNs} ${message.arrivalNs}\n`);
  }
}

/** Several may be due at the same time. */
function sendRequests(): void {
  while ((planned[sentNs.length] ?? TIME_NONE) <= model.clockNs) {
    model.send(Number(link), encodeRequest(BigInt(sentNs.length)));
    sentNs.push(model.clockNs);
  }
}

while (lines.length < planned.length) {
  await model.wait(planned[sentNs.length]);
  takeAnswers();
  sendRequests();
}
model.close();
process.stdout.write(lines.join(""));
