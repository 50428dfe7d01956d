// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { AgentClient, type GuestRun } from "../guest/agent-client.js";
import { AgentError } from "../guest/agent-error.js";
import { isAlive, killProcess, type ProcessIdentity } from "../host/process-identity.js";
import { adoptProcess, type ProcessEnd, type ScopedProcess, startInScope } from "../host/scope.js";
import type { RuntimeFolder } from "../host/session-state.js";
import { hostTsc } from "../host/tsc-khz.js";
import { LivestackError } from "../livestack-error.js";
import { acceleratorOf } from "../vmm/accelerator.js";
import { qemuArguments } from "../vmm/qemu-arguments.js";
import { findQemu } from "../vmm/qemu-program.js";
import { Qmp, type QmpEvent } from "../vmm/qmp.js";
import { vmmEndText } from "../vmm/vmm-end.js";
import { DiskBackEnds } from "./disk-back-ends.js";
import type { GuestNetwork } from "./make-session.js";
import type { Params } from "./protocol.js";

/** Starting QEMU takes an emulated host 20 s and more. */
const QMP_LIMIT_MS = 120_000;
const QUIT_LIMIT_MS = 10_000;
const LAST_WORDS_MS = 1_000;

export interface GuestPlace {
  id: number;
  name: string;
  uuid: string;
  runtime: RuntimeFolder;
  /** what stands for "/" */
  root: string;
  env: Readonly<NodeJS.ProcessEnv>;
}

type BootPlan = Params<"boot">;

/** One virtual machine: its VMM, the way to its guest's agent, and what became of it. */
export class LiveGuest {
  readonly #place: GuestPlace;
  readonly #logs: { consoleLog: string; vmmLog: string };
  readonly identity: ProcessIdentity;
  readonly #disks: DiskBackEnds;
  /** how it came to its end, in words, once it has */
  fate: string | undefined;
  /** it is being ended on purpose */
  #ending = false;
  #qmp: Qmp | undefined;
  #agent: AgentClient | undefined;
  #shutdown: QmpEvent | undefined;
  /** settles when the VMM is no more */
  readonly ended: Promise<void>;

  private constructor(
    place: GuestPlace,
    logs: { consoleLog: string; vmmLog: string },
    { identity, ended }: ScopedProcess,
    disks: DiskBackEnds,
  ) {
    this.#place = place;
    this.#logs = logs;
    this.identity = identity;
    this.#disks = disks;
    void disks.lost.then((how) => this.#loseDisk(how));
    this.ended = ended.then(async (end) => {
      // Its last words may still be on their way.
      await this.#qmp?.closed;
      this.#setFate(end);
    });
  }

  /** Starts its VMM; open() then waits for that. @throws LivestackError NO_KVM, NO_QEMU, SYSTEM */
  static async start(
    place: GuestPlace,
    plan: BootPlan,
    networks: readonly GuestNetwork[],
    disks: DiskBackEnds,
  ): Promise<LiveGuest> {
    const { id, name, uuid, runtime, root, env } = place;
    const { program, args, env: own } = findQemu(env);
    const accelerator = acceleratorOf(root, env);
    const { invariant, tellKhz } = hostTsc(root);
    const argv = qemuArguments({
      ...{ name, vcpus: plan.vcpus, memoryBytes: plan.memoryBytes },
      ...(plan.kernel !== undefined && { kernel: plan.kernel }),
      ...(plan.initrd !== undefined && { initrd: plan.initrd }),
      ...(plan.append !== undefined && { append: plan.append }),
      ...(plan.overlay !== undefined && { overlay: plan.overlay }),
      ...{ disks: plan.disks, diskSockets: disks.sockets, consoleLog: plan.consoleLog },
      networks: networks.map(({ mac, cable }) => ({ mac, tap: cable.tap })),
      sockets: {
        qmp: runtime.qmp(id),
        agent: runtime.guestAgent(id),
        console: runtime.console(id),
      },
      ...{ accelerator, invariantTsc: invariant },
      ...(tellKhz !== undefined && { tscKhz: tellKhz }),
    });
    const vmm = await startInScope({
      unit: `livestack-${uuid}-${id}`,
      argv: [program, ...args, ...argv],
      env: { ...env, ...own },
      directory: "/",
      log: plan.vmmLog,
    });
    return new LiveGuest(place, plan, vmm, disks);
  }

  /** Waits for the VMM to answer. @throws LivestackError VMM_SILENT, COMPONENT_LOST */
  async open(): Promise<void> {
    try {
      await this.#openQmp();
    } catch (error) {
      await Promise.race([this.ended, sleep(LAST_WORDS_MS)]);
      throw this.#earlyEnd() ?? error;
    }
  }

  /** One that an earlier livestack has started. */
  static async adopt(
    place: GuestPlace,
    logs: { consoleLog: string; vmmLog: string },
    identity: ProcessIdentity,
    helpers: readonly ProcessIdentity[],
  ): Promise<LiveGuest> {
    const guest = new LiveGuest(place, logs, adoptProcess(identity), DiskBackEnds.adopt(helpers));
    await guest.#openQmp();
    return guest;
  }

  /** @throws LivestackError GUEST_SILENT when its agent has not answered within `limitMs` */
  async connect(limitMs: number): Promise<AgentClient> {
    const limit = AbortSignal.timeout(limitMs);
    try {
      this.#agent = await AgentClient.connect(this.#place.runtime.guestAgent(this.#place.id), {
        vmmStarts: true,
        signal: AbortSignal.any([limit, this.#endSignal()]),
      });
      return this.#agent;
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      await Promise.race([this.ended, sleep(limit.aborted ? 0 : LAST_WORDS_MS)]);
      throw (
        this.#earlyEnd() ??
        new LivestackError("GUEST_SILENT", `its agent has not answered in ${limitMs / 1000} s`, {
          place: this.#place.name,
          cause: error,
          hint: `the guest needs livestack-agent (docs/guests.md); ${this.#logs.consoleLog} has its console`,
        })
      );
    }
  }

  /** Processes that serve its VMM. */
  get helpers(): readonly ProcessIdentity[] {
    return this.#disks.identities;
  }

  /** @throws LivestackError GUEST_SILENT while nobody has connected */
  get agent(): AgentClient {
    if (this.#agent) return this.#agent;
    throw new LivestackError("GUEST_SILENT", "its agent has not answered yet", {
      place: this.#place.name,
      hint: "try again when it has booted",
    });
  }

  /** Asks its agent, and makes one of our errors of what it refuses. */
  async ask<Result>(request: (agent: AgentClient) => Promise<Result>): Promise<Result> {
    try {
      return await request(this.agent);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      if (error.code === "CONNECTION_LOST") await Promise.race([this.ended, sleep(LAST_WORDS_MS)]);
      throw (
        this.#earlyEnd() ??
        new LivestackError("GUEST_REFUSED", `${error.message} (${error.code})`, {
          place: this.#place.name,
          hint: "that is the word of the guest's agent: docs/guests.md has its protocol",
        })
      );
    }
  }

  run(run: string | readonly string[], keepBytes?: number): GuestRun {
    return this.agent.run({ run, ...(keepBytes !== undefined && { keepBytes }) });
  }

  /** Ends the VMM: by QMP, and if that takes too long, by force. */
  async end(): Promise<void> {
    // What had happened before is still worth telling.
    if (this.fate === undefined) this.#ending = true;
    this.#agent?.close();
    this.#qmp?.ask("quit").catch(() => {});
    const timer = setTimeout(
      () => killProcess(this.identity, "SIGKILL"),
      this.#qmp ? QUIT_LIMIT_MS : 0,
    );
    await this.ended;
    clearTimeout(timer);
    this.#qmp?.close();
    await this.#disks.end();
  }

  /** Lets it go on, without us. */
  leave(): void {
    this.#agent?.close();
    this.#qmp?.close();
  }

  async #openQmp(): Promise<void> {
    const limit = AbortSignal.any([AbortSignal.timeout(QMP_LIMIT_MS), this.#endSignal()]);
    this.#qmp = await Qmp.connect(this.#place.runtime.qmp(this.#place.id), limit, (event) => {
      if (event.event === "SHUTDOWN") this.#shutdown = event;
    });
  }

  #endSignal(): AbortSignal {
    const control = new AbortController();
    void this.ended.then(() => control.abort());
    return control.signal;
  }

  #setFate(process: ProcessEnd): void {
    const shutdown = this.#shutdown;
    const text = vmmEndText({ process, ...(shutdown && { shutdown }), ...this.#logs });
    if (!this.#ending) this.fate ??= text;
  }

  /** A guest would wait for its disk for ever: it is lost with it. */
  #loseDisk(how: string): void {
    if (this.#ending || this.fate !== undefined || !isAlive(this.identity)) return;
    this.fate = how;
    killProcess(this.identity, "SIGKILL");
  }

  #earlyEnd(): LivestackError | undefined {
    const { fate } = this;
    if (fate === undefined) return undefined;
    return new LivestackError("COMPONENT_LOST", fate, {
      place: this.#place.name,
      hint: `${this.#logs.vmmLog} has what its VMM said, ${this.#logs.consoleLog} its console`,
    });
  }
}
