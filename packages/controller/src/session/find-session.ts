// SPDX-License-Identifier: Apache-2.0
import type { Session } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { KernelClient } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";

/** Gives a command its argument SESSION, explained the same everywhere. */
export function withSession(command: Command): Command {
  return command.argument("<session>", "its id or name, as `livestack ls` shows them, or its UUID");
}

/**
 * The session that a user means: a UUID before an id before a name, so that scripts which use ids
 * are not misled by a session named 7.
 * @throws LivestackError NO_SUCH_SESSION or AMBIGUOUS_SESSION
 */
export async function findSession(client: KernelClient, wanted: string): Promise<Session> {
  const sessions = await client.sessionDump();
  const sure = sessions.find(({ uuid }) => uuid.toLowerCase() === wanted.toLowerCase());
  const found = sure ?? sessions.find(({ id }) => String(id) === wanted);
  if (found) return found;
  const named = sessions.filter(({ name }) => name === wanted);
  const [only] = named;
  if (!only)
    throw new LivestackError("NO_SUCH_SESSION", `no session has the id, name or UUID '${wanted}'`, {
      hint: "`livestack ls` lists the sessions of this host",
    });
  if (named.length === 1) return only;
  const ids = named.map(({ id }) => id).join(", ");
  throw new LivestackError("AMBIGUOUS_SESSION", `${named.length} sessions are named '${wanted}'`, {
    hint: `say which by its id: ${ids}`,
  });
}
