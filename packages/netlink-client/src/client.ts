// SPDX-License-Identifier: Apache-2.0
import { decodeAttributes, encodeAttributes, type Values } from "./codec.js";
import { Connection } from "./connection.js";
import { EventHub } from "./event-hub.js";
import type { KernelState, LivestackEvent } from "./events.js";
import {
  ABI,
  type AttributeSetSpec,
  attributeSets,
  type DoTypes,
  type DumpTypes,
  type OperationSpec,
  operations,
  type VersionGetReply,
} from "./generated/livestack.js";
import type { Answer } from "./helper-protocol.js";
import { refuse, specName } from "./limits.js";
import { NetlinkError } from "./netlink-error.js";
import {
  asComponent,
  asLink,
  asPeer,
  asPort,
  asSession,
  asSync,
  asVcpu,
  type Component,
  certain,
  type Link,
  type Peer,
  type Port,
  type Session,
  type Sync,
  type Vcpu,
} from "./objects.js";
import { coreRefusal, errorName } from "./own-errors.js";

export interface ClientOptions {
  /**
   * Receive and send buffer of each socket, in bytes; the kernel gives at most
   * net.core.rmem_max and wmem_max.
   */
  bufferBytes?: number;
  /** How long to wait for an answer; the kernel's own take well under a second. */
  answerLimitMs?: number;
}

const BUFFER_BYTES = 4 << 20;
const ANSWER_LIMIT_MS = 30_000;

/**
 * Typed calls to the livestack kernel module; every one needs CAP_NET_ADMIN in the initial
 * namespaces, except versionGet.
 *
 * Each throws NetlinkError: with the kernel's sentence what the kernel refuses, before it is sent
 * what is outside the limits of the spec, and NOT_LOADED, HELPER_LOST, HELPER_FAILED, ETIMEDOUT or
 * CLOSED. Times are nanoseconds and, like all u64, bigints.
 */
export class NetlinkClient {
  readonly #connection: Connection;
  readonly #hub: EventHub;

  private constructor(connection: Connection) {
    this.#connection = connection;
    this.#hub = new EventHub(connection, () => this.#listAll(false));
  }

  /** @throws NetlinkError NOT_LOADED if there is no livestack module to talk to */
  static async open(options: ClientOptions = {}): Promise<NetlinkClient> {
    const { bufferBytes = BUFFER_BYTES, answerLimitMs = ANSWER_LIMIT_MS } = options;
    const connection = new Connection({ bufferBytes, answerLimitMs });
    try {
      await connection.open();
    } catch (error) {
      await connection.close();
      throw error;
    }
    return new NetlinkClient(connection);
  }

  /** Process id of the helper that speaks netlink, while there is one. */
  get helperPid(): number | undefined {
    return this.#connection.helperPid;
  }

  /** Ends all iterations of events with CLOSED and the helper; nothing can be called after it. */
  close(): Promise<void> {
    return this.#connection.close();
  }

  /**
   * What happens in the kernel, from now until `signal` aborts or the loop is left. The first event
   * is a `resync` with all there is; another one comes whenever events were lost. While it is read
   * this process stays alive.
   */
  events(options: { signal?: AbortSignal } = {}): AsyncIterableIterator<LivestackEvent, undefined> {
    return this.#hub.open(options.signal);
  }

  /** All there is: three lists, each of one moment, but not of the same. */
  state(): Promise<KernelState> {
    return this.#listAll(true);
  }

  /** What is loaded. @throws NetlinkError EPROTONOSUPPORT if more than one ABI step apart */
  async versionGet(): Promise<Required<VersionGetReply>> {
    return certain("version", ["version", "abi"], await this.#do("versionGet", { abi: ABI }));
  }

  /** @returns the session's id on this host */
  async sessionNew(request: DoTypes["sessionNew"]["request"]): Promise<number> {
    return certain("session", ["id"], await this.#do("sessionNew", request)).id;
  }

  async sessionGet(request: DoTypes["sessionGet"]["request"]): Promise<Session> {
    return asSession(await this.#do("sessionGet", request));
  }

  async sessionDump(): Promise<Session[]> {
    return (await this.#dump("sessionGet", {})).map(asSession);
  }

  async sessionSet(request: DoTypes["sessionSet"]["request"]): Promise<void> {
    await this.#do("sessionSet", request);
  }

  async sessionDel(request: DoTypes["sessionDel"]["request"]): Promise<void> {
    await this.#do("sessionDel", request);
  }

  async componentNew(request: DoTypes["componentNew"]["request"]): Promise<void> {
    await this.#do("componentNew", request);
  }

  async componentGet(request: DoTypes["componentGet"]["request"]): Promise<Component> {
    return asComponent(await this.#do("componentGet", request));
  }

  /** Of all sessions, unless one is named. */
  async componentDump(request: DumpTypes["componentGet"]["request"] = {}): Promise<Component[]> {
    return (await this.#dump("componentGet", request)).map(asComponent);
  }

  async componentDel(request: DoTypes["componentDel"]["request"]): Promise<void> {
    await this.#do("componentDel", request);
  }

  /**
   * Attaches a running virtual machine to a live component.
   * @throws NetlinkError EOPNOTSUPP too when no module of a gate is loaded
   */
  async componentAttach(request: DoTypes["componentAttach"]["request"]): Promise<void> {
    await this.#do("componentAttach", request);
  }

  /** The machine runs free from where it is. */
  async componentDetach(request: DoTypes["componentDetach"]["request"]): Promise<void> {
    await this.#do("componentDetach", request);
  }

  async vcpuGet(request: DoTypes["vcpuGet"]["request"]): Promise<Vcpu> {
    return asVcpu(await this.#do("vcpuGet", request));
  }

  /** Of all sessions, unless one is named; only machines that are attached have any. */
  async vcpuDump(request: DumpTypes["vcpuGet"]["request"] = {}): Promise<Vcpu[]> {
    return (await this.#dump("vcpuGet", request)).map(asVcpu);
  }

  async linkNew(request: DoTypes["linkNew"]["request"]): Promise<void> {
    await this.#do("linkNew", request);
  }

  async linkGet(request: DoTypes["linkGet"]["request"]): Promise<Link> {
    return asLink(await this.#do("linkGet", request));
  }

  /** Of all sessions, unless one is named. */
  async linkDump(request: DumpTypes["linkGet"]["request"] = {}): Promise<Link[]> {
    return (await this.#dump("linkGet", request)).map(asLink);
  }

  async linkSet(request: DoTypes["linkSet"]["request"]): Promise<void> {
    await this.#do("linkSet", request);
  }

  async linkDel(request: DoTypes["linkDel"]["request"]): Promise<void> {
    await this.#do("linkDel", request);
  }

  /**
   * Makes an end of a link a port: a socket or eventfds of a process, which it may close then, or a
   * network device. `framed` makes each record of a stream, as QEMU's `-netdev stream` sends them, a
   * message. portGet tells by `fault` why a port carries nothing any more. @throws NetlinkError EOPNOTSUPP too when livestack_ipc is not loaded
   */
  async portNew(request: DoTypes["portNew"]["request"]): Promise<void> {
    await this.#do("portNew", request);
  }

  async portGet(request: DoTypes["portGet"]["request"]): Promise<Port> {
    return asPort(await this.#do("portGet", request));
  }

  /** Of all sessions, unless one is named. */
  async portDump(request: DumpTypes["portGet"]["request"] = {}): Promise<Port[]> {
    return (await this.#dump("portGet", request)).map(asPort);
  }

  /** What is on its way to it is dropped, and counted. */
  async portDel(request: DoTypes["portDel"]["request"]): Promise<void> {
    await this.#do("portDel", request);
  }

  /** @returns where this host listens for the others of the session */
  async syncNew(request: DoTypes["syncNew"]["request"]): Promise<Sync> {
    return asSync(await this.#do("syncNew", request));
  }

  async peerSet(request: DoTypes["peerSet"]["request"]): Promise<void> {
    await this.#do("peerSet", request);
  }

  /** Of all sessions, unless one is named. */
  async peerDump(request: DumpTypes["peerGet"]["request"] = {}): Promise<Peer[]> {
    return (await this.#dump("peerGet", request)).map(asPeer);
  }

  /** @param whole for a reader of events what changes under the lists comes as events anyway */
  async #listAll(whole: boolean): Promise<KernelState> {
    const [sessions, components, links] = await Promise.all([
      this.#dump("sessionGet", {}, whole),
      this.#dump("componentGet", {}, whole),
      this.#dump("linkGet", {}, whole),
    ]);
    return {
      sessions: sessions.map(asSession),
      components: components.map(asComponent),
      links: links.map(asLink),
    };
  }

  async #do<Name extends keyof DoTypes>(
    name: Name,
    request: DoTypes[Name]["request"],
  ): Promise<DoTypes[Name]["reply"]> {
    const [reply = {}] = await this.#ask(name, "do", request as Values);
    return reply as DoTypes[Name]["reply"];
  }

  #dump<Name extends keyof DumpTypes>(
    name: Name,
    request: DumpTypes[Name]["request"],
    whole = true,
  ): Promise<DumpTypes[Name]["reply"][]> {
    return this.#ask(name, "dump", request as Values, whole) as Promise<DumpTypes[Name]["reply"][]>;
  }

  async #ask(name: keyof DoTypes, kind: "do" | "dump", request: Values, whole = false) {
    const spec: OperationSpec = operations[name];
    const set: AttributeSetSpec = attributeSets[operations[name].set];
    const answer = await this.#connection.request({
      operation: specName(name),
      command: spec.id,
      dump: kind === "dump",
      reads: name.endsWith("Get"),
      whole,
      data: encodeRequest(name, spec[kind]?.request ?? [], set, request),
    });
    if (answer.errno !== 0) throw refusal(specName(name), set, answer);
    return answer.messages
      .filter(({ command }) => command === spec.id)
      .map(({ data }) => decodeAttributes(set, Buffer.from(data)));
  }
}

function encodeRequest(
  name: string,
  takes: readonly string[],
  set: AttributeSetSpec,
  values: Values,
): Buffer {
  const unknown = Object.keys(values).find((key) => !takes.includes(key));
  if (unknown === undefined) return encodeAttributes(set, values);
  const list = takes.map(specName).join(", ");
  throw refuse("EINVAL", unknown, "Unknown attribute type", `${specName(name)} takes ${list}`);
}

/** The kernel's sentence, where the module itself has refused. */
function refusal(operation: string, set: AttributeSetSpec, answer: Answer): NetlinkError {
  const code = errorName(answer.errno);
  const message = answer.messages.find(({ command }) => command === operations.error.id);
  if (!message) return coreRefusal(operation, code);
  const { sentence, attribute } = decodeAttributes(attributeSets.error, Buffer.from(message.data));
  const name = Object.entries(set).find(([, spec]) => spec.id === attribute)?.[0];
  return new NetlinkError(code, String(sentence), { attribute: name });
}
