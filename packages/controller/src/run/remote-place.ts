// SPDX-License-Identifier: Apache-2.0
// Hosts of a controller as the place of a run. Files that go into guests are of this machine; images, and
// what models run, are of the hosts.
import type { GuestImage, Reply } from "@livestack/proto/agent";
import type { ComponentPlan } from "@livestack/proto/control";
import type { SessionAgent } from "../agent/session-agent.js";
import { controlClient } from "../cluster/control-client.js";
import { type ControllerPlace, controllerAddress } from "../cluster/controller-place.js";
import { type HostVerb, RunStream } from "../cluster/run-stream.js";
import { answerOf, callVerbOf, type SessionVerb } from "../cluster/typed-verbs.js";
import type { Context } from "../context.js";
import { given } from "../given.js";
import { formatOf } from "../host-daemon/host-verbs.js";
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import type { LiveComponent, Scenario, ScenarioComponent } from "../scenario/scenario.js";
import type { BootSource } from "../vmm/guest-image.js";
import { gatherFiles, THERE } from "./gather-files.js";
import { allOf } from "./interrupt.js";
import { modulesFor } from "./modules-for.js";
import type { RunPlace, RunSession } from "./run-place.js";
import { SpreadAgent } from "./spread-agent.js";

type Result = NonNullable<Reply["result"]>;
/** What each kind of reply carries. */
type Results = { [Each in Result as Each["$case"]]: Each["value"] };

export interface RemoteOptions {
  uuid: string;
  controller: ControllerPlace;
  interrupted: AbortSignal;
  say: (text: string) => void;
  /** milliseconds after which a controller or host that is lost is given up */
  lostMs: number;
}

const BACK_OFF = { firstMs: 200, mostMs: 5_000 };

export class RemotePlace implements RunPlace {
  readonly #context: Context;
  readonly #options: RemoteOptions;
  #stream: RunStream | undefined;

  constructor(options: RemoteOptions, context: Context) {
    this.#options = options;
    this.#context = context;
  }

  async makeReady(scenario: Scenario): Promise<ReadonlyMap<number, BootSource>> {
    const { uuid, controller, interrupted, say, lostMs } = this.#options;
    const plan = {
      ...{ uuid, name: scenario.name, version: programVersion() },
      components: scenario.components.map(planOf),
    };
    const address = controllerAddress(controller, this.#context);
    const client = controlClient(controller, this.#context);
    const dialled = { client, address, plan, backOff: BACK_OFF, lostMs, interrupted, say };
    const stream = await RunStream.open(dialled).catch((error) => {
      client.close();
      throw error;
    });
    this.#stream = stream;
    return this.#closingOnFailure(stream, async () => {
      const sources = new Map<number, BootSource>();
      for (const host of stream.hosts) {
        const live = liveOn(host, scenario, stream);
        const modules = modulesFor(scenario, stream.hosts.length > 1);
        const value = { modules, images: live.map(imageOf) };
        const ready = await hostAsk(stream, host, "makeReady", { $case: "makeReady", value });
        for (const { component, disk, ...source } of ready.sources)
          sources.set(component, {
            ...given(source),
            ...(disk && { disk: { path: disk.path, format: formatOf(disk.format) } }),
          });
      }
      return sources;
    });
  }

  async open(scenario: Scenario): Promise<RunSession> {
    const stream = this.#stream;
    if (!stream) throw new LivestackError("INTERNAL", "open before makeReady");
    return this.#closingOnFailure(stream, () => openSession(stream, scenario));
  }

  async #closingOnFailure<Value>(stream: RunStream, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (error) {
      await closeAll(stream).catch(() => {});
      throw error;
    }
  }
}

async function openSession(stream: RunStream, scenario: Scenario): Promise<RunSession> {
  const agents = new Map<string, SessionAgent>();
  for (const host of stream.hosts) {
    const value = { name: scenario.name };
    await hostAsk(stream, host, "openSession", { $case: "openSession", value });
    agents.set(host, agentAt(stream, host));
  }
  return {
    agent: new SpreadAgent(agents, stream.places, scenario.links),
    filesIn: () => THERE,
    // The agents keep what they need to go on; a run without its command line is ended.
    keep: () => {},
    gather: (folder) => {
      const hostOf = (component: number) => stream.places.get(component) ?? "";
      const read = (host: string, path: string, offset: bigint) =>
        hostAsk(stream, host, "readFile", { $case: "readFile", value: { path, offset } });
      return gatherFiles({ hostOf, read }, scenario, folder);
    },
    close: () => closeAll(stream),
  };
}

function agentAt(stream: RunStream, host: string): SessionAgent {
  return {
    ask: async (name, params) => {
      const verb = name as SessionVerb;
      const result = await stream.ask(host, callVerbOf(verb, params as never));
      return answerOf(verb, result) as never;
    },
    close: () => {},
  };
}

/** One question to a host itself. */
async function hostAsk<Case extends "makeReady" | "openSession" | "readFile" | "close">(
  stream: RunStream,
  host: string,
  name: Case,
  verb: HostVerb,
): Promise<Results[Case]> {
  const result = await stream.ask(host, verb);
  if (result.$case === name) return result.value as Results[Case];
  throw new LivestackError("BAD_REQUEST", `${result.$case} is no answer to ${name}`, {
    place: host,
    hint: "use programs of one release on all machines",
  });
}

async function closeAll(stream: RunStream): Promise<void> {
  try {
    await allOf(
      stream.hosts.map((host) => hostAsk(stream, host, "close", { $case: "close", value: {} })),
    );
  } finally {
    stream.close();
  }
}

function planOf(component: ScenarioComponent): ComponentPlan {
  const { id, name, host } = component;
  const own = { id, name, ...given({ host }) };
  if (component.kind === "model") return { ...own, vcpus: 1, memoryBytes: 0n };
  return { ...own, vcpus: component.vcpus, memoryBytes: component.memoryBytes };
}

function liveOn(host: string, { components }: Scenario, { places }: RunStream): LiveComponent[] {
  return components.filter(
    (each): each is LiveComponent => each.kind === "live" && places.get(each.id) === host,
  );
}

function imageOf({ id, image }: LiveComponent): GuestImage {
  if ("disk" in image) {
    const { disk: path, format } = image;
    return { component: id, image: { $case: "disk", value: { path, format } } };
  }
  if ("kernel" in image) return { component: id, image: { $case: "kernel", value: image } };
  const { builtin: name, packages } = image;
  return { component: id, image: { $case: "builtin", value: { name, packages } } };
}
