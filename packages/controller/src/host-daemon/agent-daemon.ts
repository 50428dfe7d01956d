// SPDX-License-Identifier: Apache-2.0
// The agent daemon: dials its controller, keeps one stream, and dials again when that is lost.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { ClientDuplexStream } from "@grpc/grpc-js";
import {
  AgentServiceClient,
  type ConnectRequest,
  type ConnectResponse,
} from "@livestack/proto/agent";
import { BackOff, type BackOffLimits } from "../cluster/back-off.js";
import { type CertificateFiles, channelTo, readCertificates } from "../cluster/credentials.js";
import { errorOf } from "../cluster/rpc-error.js";
import type { Context } from "../context.js";
import { type DaemonLog, lineOf } from "../daemon/daemon-log.js";
import { LivestackError } from "../livestack-error.js";
import { programVersion } from "../program-version.js";
import { HostHealth } from "./host-health.js";
import { addressTowards } from "./local-address.js";
import { ServedSessions } from "./served-sessions.js";

type Stream = ClientDuplexStream<ConnectRequest, ConnectResponse>;

const FAREWELL_MS = 2_000;

export interface AgentOptions {
  /** "controller.example:7600" */
  controller: string;
  files: CertificateFiles;
  /** of this host, in the inventory */
  host: string;
  /** where other hosts reach this one; absent: where its controller sees it */
  address?: string;
  backOff: BackOffLimits;
  /** milliseconds that health is held back after a change, as changes come in crowds */
  settleMs: number;
}

export class AgentDaemon {
  readonly #options: AgentOptions;
  readonly #log: DaemonLog;
  readonly #instance = randomUUID();
  readonly #sessions: ServedSessions;
  readonly #health: HostHealth;
  #stream: Stream | undefined;
  #isTelling = false;

  constructor(context: Context, options: AgentOptions, log: DaemonLog) {
    this.#options = options;
    this.#log = log;
    const address = async () => options.address ?? addressTowards(options.controller);
    const here = { ...context, address };
    this.#sessions = new ServedSessions(here, log, (message) => this.#say(message));
    this.#health = new HostHealth(context, this.#sessions.isServed);
  }

  /**
   * Until `signal`; then its controller is told, and sessions go on without an agent.
   * @throws LivestackError NO_CERTIFICATE, also for a certificate of another host
   */
  async run(signal: AbortSignal): Promise<void> {
    this.#certificates();
    await this.#sessions.adopt();
    const watching = this.#watch(signal);
    const backOff = new BackOff(this.#options.backOff);
    while (!signal.aborted) {
      const wasWelcome = await this.#connect(signal);
      if (wasWelcome) backOff.reset();
      await sleep(backOff.next(), undefined, { signal }).catch(() => {});
    }
    await this.#sessions.leave();
    await watching;
    await this.#health.close();
  }

  /** One connection, to its end. @returns whether the controller took it */
  async #connect(signal: AbortSignal): Promise<boolean> {
    const { controller } = this.#options;
    let client: AgentServiceClient | undefined;
    try {
      const { channel, options } = channelTo(controller, this.#certificates());
      client = new AgentServiceClient(controller, channel, options);
      const { host } = this.#options;
      const hello = { host, version: programVersion(), instance: this.#instance };
      const health = await this.#health.read();
      const stream = client.connect();
      stream.write({ message: { $case: "hello", value: { ...hello, health } } });
      return await this.#follow(stream, signal);
    } catch (error) {
      const refusal = errorOf(error, controller);
      const text = `${lineOf(refusal)}; it is tried again`;
      this.#log.once("agent", `${refusal.code} ${refusal.message}`, text);
      return false;
    } finally {
      this.#stream = undefined;
      client?.close();
    }
  }

  /** @throws what ended the stream, unless it had been welcomed */
  #follow(stream: Stream, signal: AbortSignal): Promise<boolean> {
    const { controller } = this.#options;
    let beat: NodeJS.Timeout | undefined;
    const stop = () => {
      stream.write({ message: { $case: "goodbye", value: { why: "its agent was told to stop" } } });
      stream.end();
      // One that does not end its side is not waited for.
      setTimeout(() => stream.cancel(), FAREWELL_MS).unref();
    };
    return new Promise<boolean>((done, failed) => {
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
      stream.on("data", ({ message }: ConnectResponse) => {
        if (message?.$case === "welcome") {
          this.#log.forget("agent");
          this.#log.info(`agent: connected to ${controller}, version ${message.value.version}`);
          this.#stream = stream;
          beat = setInterval(() => void this.#tell(), message.value.beatMs);
        } else if (message?.$case === "call") this.#sessions.take(message.value);
        else if (message?.$case === "goodbye")
          this.#log.info(`agent: ${controller} says goodbye: ${message.value.why}`);
      });
      stream.on("error", (error) => {
        if (beat && !signal.aborted) this.#log.warn(`agent: lost ${controller}: ${error.message}`);
        if (beat || signal.aborted) done(true);
        else failed(error);
      });
      stream.on("end", () => done(beat !== undefined));
    }).finally(() => {
      clearInterval(beat);
      signal.removeEventListener("abort", stop);
    });
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#health.watch(() => void this.#tellSoon(), signal);
      // There is no module yet, or no more.
      await sleep(this.#options.backOff.mostMs, undefined, { signal }).catch(() => {});
    }
  }

  async #tellSoon(): Promise<void> {
    if (this.#isTelling) return;
    this.#isTelling = true;
    await sleep(this.#options.settleMs);
    this.#isTelling = false;
    await this.#tell();
  }

  async #tell(): Promise<void> {
    if (!this.#stream) return;
    this.#say({ message: { $case: "health", value: await this.#health.read() } });
  }

  #say(message: ConnectRequest): void {
    if (this.#stream?.writable) this.#stream.write(message);
  }

  /** Read anew for each connection: they may have been rotated. */
  #certificates() {
    const { files, host } = this.#options;
    const certificates = readCertificates(files, "agent");
    const { name } = certificates.identity;
    if (name === host) return certificates;
    throw new LivestackError("NO_CERTIFICATE", `it is of agent ${name}, and this is ${host}`, {
      place: files.certificate,
      hint: `livestack pki issue agent ${host}; or say the host's name in the inventory: --host`,
    });
  }
}
