// SPDX-License-Identifier: Apache-2.0
// What a host tells its controller of itself. Which sessions there are its kernel says, nobody else.
import { availableParallelism, freemem, release, totalmem } from "node:os";
import { join } from "node:path";
import type { Health, HostSession } from "@livestack/proto/agent";
import type { Context } from "../context.js";
import type { KernelClient } from "../kernel-client.js";
import { versionInSysfs } from "../kernel-module.js";

export class HostHealth {
  readonly #context: Context;
  readonly #isServed: (uuid: string) => boolean;
  #kernel: KernelClient | undefined;

  constructor(context: Context, isServed: (uuid: string) => boolean) {
    this.#context = context;
    this.#isServed = isServed;
  }

  async read(): Promise<Health> {
    const module = this.#module();
    return {
      cpus: availableParallelism(),
      memoryBytes: BigInt(totalmem()),
      memoryFreeBytes: BigInt(freemem()),
      kernel: release(),
      ...(module !== null && { module }),
      sessions: await this.#sessions(),
    };
  }

  /** Calls `onChange` whenever the kernel says that something happened to a session, until `signal`. */
  async watch(onChange: () => void, signal: AbortSignal): Promise<void> {
    const kernel = await this.#client();
    if (!kernel) return;
    try {
      for await (const event of kernel.events({ signal })) if (isOfSession(event.type)) onChange();
    } catch {
      // The module was unloaded: the next look opens anew.
      await this.close();
    }
  }

  async close(): Promise<void> {
    const kernel = this.#kernel;
    this.#kernel = undefined;
    await kernel?.close().catch(() => {});
  }

  #module(): string | null {
    try {
      return versionInSysfs(join(this.#context.root, "sys"));
    } catch {
      return null;
    }
  }

  async #sessions(): Promise<HostSession[]> {
    try {
      const kernel = await this.#client();
      return ((await kernel?.sessionDump()) ?? []).map(({ uuid, name, state, clockNs }) => ({
        ...{ uuid, name, state, served: this.#isServed(uuid) },
        ...(clockNs !== undefined && { clockNs }),
      }));
    } catch {
      await this.close();
      return [];
    }
  }

  /** Without the module there is none, and no process is started to find that out at each beat. */
  async #client(): Promise<KernelClient | undefined> {
    if (this.#module() === null) return undefined;
    this.#kernel ??= await this.#context.openClient().catch(() => undefined);
    return this.#kernel;
  }
}

function isOfSession(type: string): boolean {
  return type === "resync" || type.startsWith("session");
}
