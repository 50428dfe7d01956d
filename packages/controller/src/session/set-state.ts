// SPDX-License-Identifier: Apache-2.0
import type { State } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { withKernel } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { findSession, withSession } from "./find-session.js";
import { timeText, wordOf } from "./show.js";

/** A command that sets a session's state and prints how it stands then. */
export function addSetState(
  program: Command,
  context: Context,
  { name, about, state }: { name: string; about: string; state: State },
): void {
  withSession(program.command(name))
    .description(about)
    .action((wanted: string) =>
      withKernel(context, async (client) => {
        const { id, name, state: before } = await findSession(client, wanted);
        try {
          await client.sessionSet({ id, state });
        } catch (error) {
          throw wrongState(error, `session ${id} (${name})`, wordOf("state", before));
        }
        const { state: after, clockNs } = await client.sessionGet({ id });
        const at = clockNs === undefined ? "" : ` at ${timeText(clockNs)} of simulated time`;
        context.stdout.write(`session ${id} (${name}) is ${wordOf("state", after)}${at}\n`);
      }),
    );
}

/** The kernel's sentence, with which session it was and the state that it found. */
function wrongState(error: unknown, place: string, before: string): unknown {
  const refused = error instanceof Error && error.name === "NetlinkError";
  const { code, attribute } = error as { code?: string; attribute?: string };
  if (!refused || code !== "EINVAL" || attribute !== "state") return error;
  return new LivestackError("WRONG_STATE", error.message, {
    place,
    hint: `it was ${before}; \`livestack status\` shows how it stands now`,
  });
}
