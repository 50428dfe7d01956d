// SPDX-License-Identifier: Apache-2.0
// Runs inside a lab host: makes and deletes objects while a listener keeps its own picture of the
// kernel from events alone, and ends with 0 only if that picture is the kernel's.
//
//   netlink-churn.js OBJECTS [overrun]
//
// With "overrun" the listener's receive buffer is small and its helper is stopped meanwhile, so that
// events overrun it, which aborts the helper.
import { randomUUID } from "node:crypto";
import { Kind, type LivestackEvent, NetlinkClient, State, World } from "@livestack/netlink-client";

const SESSIONS = 10;
const STAY = 3;
const objects = Number(process.argv[2]);
const overrun = process.argv[3] === "overrun";

/** What of an object is told by events whenever it changes, so that both sides must agree on it. */
function picture({ sessions, components, links }: World): string {
  const lines = [
    ...[...sessions.values()].map(({ id, uuid, name, state }) => `${id} ${uuid} ${name} ${state}`),
    ...[...components.values()].map(
      ({ session, id, name, kind, place }) => `${session}/${id} ${name} ${kind} ${place}`,
    ),
    ...[...links.values()].map(({ session, id, a, b }) => `${session}/${id} ${a}-${b}`),
  ];
  return lines.sort().join("\n");
}

const client = await NetlinkClient.open();
/** In an overrun the listener has a helper of its own, or the requests would stand still with it. */
const listener = overrun ? await NetlinkClient.open({ bufferBytes: 4096 }) : client;
const firstHelper = listener.helperPid ?? 0;
const world = new World();
const counts: Partial<Record<LivestackEvent["type"], number>> = {};
const stop = new AbortController();
let heard = () => {};

async function listen(): Promise<void> {
  for await (const event of listener.events({ signal: stop.signal })) {
    counts[event.type] = (counts[event.type] ?? 0) + 1;
    world.apply(event);
    heard();
  }
}

/** A helper's start takes a minute on an emulated machine that has other work. */
const SILENCE_LIMIT_MS = 600_000;

/** @throws Error if it has not become true so long after the last event */
async function until(what: string, holds: () => boolean): Promise<void> {
  while (!holds()) {
    await new Promise<void>((done, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`never came true: ${what}`)),
        SILENCE_LIMIT_MS,
      );
      heard = () => {
        clearTimeout(timer);
        done();
      };
    });
  }
}

async function makeSession(number: number): Promise<number> {
  const name = `churn ${number}`;
  return client.sessionNew({ uuid: randomUUID(), name, quantumNs: 1_000_000n });
}

/** Makes components and a ring of links between them, `count` in all, and deletes all but a few. */
async function churn(session: number, count: number): Promise<void> {
  const parts = numbers(Math.ceil(count / 2));
  const links = numbers(Math.floor(count / 2));
  const makePart = (id: number) =>
    client.componentNew({ session, id, name: `part ${id}`, kind: Kind.model });
  const makeLink = (id: number) =>
    client.linkNew({ session, id, a: id, b: (id + 1) % parts.length, latencyNs: 2_000_000n });
  await Promise.all(parts.map(makePart));
  await Promise.all(links.map(makeLink));
  await client.sessionSet({ id: session, state: State.running });
  await Promise.all(links.slice(STAY).map((id) => client.linkDel({ session, id })));
  await Promise.all(parts.slice(STAY + 1).map((id) => client.componentDel({ session, id })));
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}

const listening = listen();
await until("the first resync", () => counts.resync === 1);
if (overrun) process.kill(firstHelper, "SIGSTOP");
const each = Math.floor(objects / SESSIONS) - 1;
for (let number = 0; number < SESSIONS; number++) {
  const session = await makeSession(number);
  await churn(session, each);
  if (number % 2 === 1) await client.sessionDel({ id: session });
}
const last = await makeSession(SESSIONS);
if (overrun) {
  process.kill(firstHelper, "SIGCONT");
  await until("a second resync", () => (counts.resync ?? 0) > 1);
}
await until("news of the last session", () => world.sessions.has(last));
const kernel = new World();
kernel.apply({ type: "resync", data: await client.state() });
// Events of changes before it may still be on their way when an answer is there already.
await until("the listener's picture is the kernel's", () => picture(world) === picture(kernel));
await new Promise((done) => setTimeout(done, 500));

const facts = {
  made: SESSIONS * (each + 1),
  sessions: kernel.sessions.size,
  components: kernel.components.size,
  links: kernel.links.size,
  equal: picture(world) === picture(kernel),
  sameHelper: listener.helperPid === firstHelper,
  counts,
};
stop.abort();
await listening;
for (const id of kernel.sessions.keys()) await client.sessionDel({ id });
await Promise.all([client.close(), listener.close()]);
process.stdout.write(`${JSON.stringify(facts)}\n`);
