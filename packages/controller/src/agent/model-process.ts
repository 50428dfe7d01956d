// SPDX-License-Identifier: Apache-2.0
import { killProcess, type ProcessIdentity } from "../host/process-identity.js";
import {
  adoptProcess,
  endText,
  type ProcessEnd,
  type ScopedProcess,
  startInScope,
} from "../host/scope.js";
import { LivestackError } from "../livestack-error.js";
import type { Params } from "./protocol.js";

const TERM_LIMIT_MS = 3_000;

/** A process that is a modelled component. */
export class ModelProcess {
  readonly identity: ProcessIdentity;
  readonly ended: Promise<void>;
  /** how it ended, once it has */
  end: ProcessEnd | undefined;
  #ending = false;

  private constructor({ identity, ended }: ScopedProcess) {
    this.identity = identity;
    this.ended = ended.then((end) => {
      this.end = end;
    });
  }

  /** @throws LivestackError SYSTEM when it cannot be started */
  static async start(
    uuid: string,
    env: Readonly<NodeJS.ProcessEnv>,
    plan: Params<"model-start">,
  ): Promise<ModelProcess> {
    const { component, command, directory, log } = plan;
    const unit = `livestack-${uuid}-${component}`;
    const merged = { ...env, ...plan.env };
    return new ModelProcess(
      await startInScope({ unit, argv: command, env: merged, directory, log }),
    );
  }

  static adopt(identity: ProcessIdentity): ModelProcess {
    return new ModelProcess(adoptProcess(identity));
  }

  /** In words, once it has ended by itself. */
  get fate(): string | undefined {
    if (this.end === undefined || this.#ending) return undefined;
    return `its process ${endText(this.end)}`;
  }

  get failed(): boolean {
    const { status, signal } = this.end ?? {};
    return signal !== undefined || (status ?? 0) !== 0;
  }

  /** TERM first: a model may have something to write. */
  async stop(): Promise<void> {
    if (this.end !== undefined) return;
    this.#ending = true;
    killProcess(this.identity, "SIGTERM");
    const timer = setTimeout(() => killProcess(this.identity, "SIGKILL"), TERM_LIMIT_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** What to say of one that has not joined. */
export function modelAbsent(
  name: string | undefined,
  model: ModelProcess | undefined,
  limitMs: number,
): LivestackError {
  const how = model?.fate;
  return new LivestackError(
    "MODEL_ABSENT",
    how === undefined ? `it has not joined in ${limitMs / 1000} s` : `it has not joined: ${how}`,
    {
      place: name ?? "a model",
      hint: "it joins by /dev/livestack as LIVESTACK_COMPONENT of LIVESTACK_SESSION; its log is in the run folder",
    },
  );
}
