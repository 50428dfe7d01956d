// SPDX-License-Identifier: Apache-2.0
// Runs where livestack.ko is loaded: a session in which the reference models are clients and a server.
//
//   model-session.js SCENE
//
// SCENE is a Scene as JSON; a SceneResult goes to standard output. Clients are components 0, 1...,
// each with the link of its number to the server, which is the last component.
import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Kind, NetlinkClient, State } from "@livestack/netlink-client";
import type { Language, Scene, SceneResult } from "./scene.js";

/** All is over long before; and then, when nobody has an event, the session goes there at once. */
const END_NS = 3_600_000_000_000n;
const JOIN_LIMIT_MS = 120_000;
const JOIN_POLL_MS = 20;

/** Not by way of the lab's package: an emulated host takes seconds to load that. */
function inCheckout(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The program of a reference model and what comes before its own arguments. */
function command(language: Language, role: "client" | "server"): [string, string[]] {
  return language === "c"
    ? [inCheckout(`kernel/build/selftests/model_${role}`), []]
    : [process.execPath, [inCheckout(`packages/model/dist/examples/${role}.js`)]];
}

class Processes {
  readonly #children: ChildProcess[] = [];
  readonly #failed: () => void;

  /** @param failed is called when one does not end with status 0 */
  constructor(failed: () => void) {
    this.#failed = failed;
  }

  /** Settles with what it printed, when it has ended well. */
  async run(language: Language, role: "client" | "server", ...args: number[]): Promise<string> {
    const [program, first] = command(language, role);
    const child = spawn(program, [...first, ...args.map(String)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.#children.push(child);
    const ended = new Promise<number | string>((done) => {
      child.once("error", (error) => done(error.message));
      child.once("close", (status, signal) => done(signal ?? status ?? 1));
    });
    const [output, status] = await Promise.all([text(child.stdout), ended]);
    if (status === 0) return output;
    this.#failed();
    throw new Error(`the ${role} in ${language} ended with ${status}`);
  }

  kill(): void {
    for (const child of this.#children) child.kill("SIGKILL");
  }
}

async function makeSession(kernel: NetlinkClient, scene: Scene): Promise<number> {
  const session = await kernel.sessionNew({
    ...{ uuid: randomUUID(), name: "reference models" },
    ...{ quantumNs: BigInt(scene.quantumNs), endNs: END_NS },
  });
  const server = scene.clients.length;
  for (const id of [...scene.clients.keys()])
    await kernel.componentNew({ session, id, name: `client-${id}`, kind: Kind.model });
  await kernel.componentNew({ session, id: server, name: "server", kind: Kind.model });
  for (const id of [...scene.clients.keys()])
    await kernel.linkNew({
      ...{ session, id, a: id, b: server },
      ...{ latencyNs: BigInt(scene.toNs), backLatencyNs: BigInt(scene.backNs) },
    });
  return session;
}

/** All are there before time begins, so that all see it from 0 on. */
async function begin(kernel: NetlinkClient, session: number): Promise<void> {
  const limit = performance.now() + JOIN_LIMIT_MS;
  for (;;) {
    const { joined, components, state } = await kernel.sessionGet({ id: session });
    if (state === State.stopped) return;
    if (joined === components) break;
    if (performance.now() > limit) throw new Error(`only ${joined} of ${components} have joined`);
    await setTimeout(JOIN_POLL_MS);
  }
  await kernel.sessionSet({ id: session, state: State.running });
}

async function play(kernel: NetlinkClient, scene: Scene): Promise<SceneResult> {
  const session = await makeSession(kernel, scene);
  const processes = new Processes(() => {
    // The others would wait for it; that the session has stopped already is no harm.
    kernel.sessionSet({ id: session, state: State.stopped }).catch(() => {});
  });
  try {
    const { server } = scene;
    const outputs = scene.clients.map(({ language, seed, gapNs }, id) =>
      processes.run(language, "client", session, id, id, scene.requests, seed, gapNs),
    );
    const last = scene.clients.length;
    const served = processes.run(
      server.language,
      "server",
      session,
      last,
      server.seed,
      server.serviceNs,
    );
    const [lines] = await Promise.all([Promise.all(outputs), served, begin(kernel, session)]);
    const { windows, late } = await kernel.sessionGet({ id: session });
    await kernel.sessionDel({ id: session });
    return { lines, windows: Number(windows), late: Number(late) };
  } finally {
    processes.kill();
  }
}

const kernel = await NetlinkClient.open();
try {
  const result = await play(kernel, JSON.parse(process.argv[2] ?? "") as Scene);
  process.stdout.write(JSON.stringify(result));
} finally {
  await kernel.close();
}
