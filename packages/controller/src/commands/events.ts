// SPDX-License-Identifier: Apache-2.0
import type { LivestackEvent } from "@livestack/netlink-client";
import type { Command } from "commander";
import type { Context } from "../context.js";
import { type KernelClient, withKernel } from "../kernel-client.js";
import { type OutputFormat, withOutputFormat } from "../output-format.js";
import { EventPrinter, onlyOf } from "../session/event-line.js";
import { findSession } from "../session/find-session.js";

interface Options {
  output: OutputFormat;
  session?: string;
}

export function addEvents(program: Command, context: Context): void {
  withOutputFormat(program.command("events"))
    .description("what happens to sessions, one line each, until Ctrl-C; json: one object a line")
    .option("--session <session>", "only of this one (id, name or UUID), until it is deleted")
    .action(({ output, session }: Options) =>
      withKernel(context, async (client) => {
        const id = session === undefined ? undefined : (await findSession(client, session)).id;
        await follow(client, context, output, id);
      }),
    );
}

async function follow(
  client: KernelClient,
  context: Context,
  output: OutputFormat,
  session: number | undefined,
): Promise<void> {
  const signal = context.interrupted();
  const printer = new EventPrinter(output);
  for await (const event of client.events({ signal })) {
    const shown = session === undefined ? event : onlyOf(event, session);
    if (shown) await written(context, printer.line(shown));
    if (session !== undefined && isOver(event, session)) return;
  }
}

/** Whether this event says that there is no such session any more. */
function isOver(event: LivestackEvent, session: number): boolean {
  if (event.type === "resync") return !event.data.sessions.some(({ id }) => id === session);
  return event.type === "sessionDelNtf" && event.data.id === session;
}

/** Waits until it has been taken, so that a slow reader makes us fall behind and not grow. */
function written({ stdout }: Context, line: string): Promise<void> {
  // A reader that has gone away is told by the signal.
  return new Promise((done) => stdout.write(line, () => done()));
}
