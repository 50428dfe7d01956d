// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { listStates } from "../host/session-state.js";
import { withKernel } from "../kernel-client.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import { findSession, withSession } from "../session/find-session.js";
import { plainPeer } from "../session/hosts-text.js";
import { jsonOf } from "../session/show.js";
import { statusText } from "../session/status-text.js";

export function addStatus(program: Command, context: Context): void {
  withOutputFormat(withSession(program.command("status")))
    .description("one session with its components and links: whom it waits for, what was late")
    .action((wanted: string, { output }: { output: OutputFormat }) =>
      withKernel(context, async (client) => {
        const { id, uuid } = await findSession(client, wanted);
        const mine = ({ session }: { session: number }) => session === id;
        const known = listStates(context.root).find((each) => each.uuid === uuid);
        const peers = (await client.peerDump({ session: id })).filter(mine);
        const status = {
          session: await client.sessionGet({ id }),
          components: (await client.componentDump({ session: id })).filter(mine),
          links: (await client.linkDump({ session: id })).filter(mine),
        };
        context.stdout.write(
          output === "json"
            ? jsonText({
                schema: "livestack.status/1",
                ...(jsonOf({ ...status, peers: peers.map(plainPeer) }) as object),
              })
            : statusText({ ...status, peers, hosts: known?.share?.hosts ?? [] }),
        );
      }),
    );
}
