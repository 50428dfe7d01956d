// SPDX-License-Identifier: Apache-2.0
import { attributeSets, type Link } from "@livestack/netlink-client";
import { type Command, Option } from "commander";
import type { Context } from "../context.js";
import { given } from "../given.js";
import { listStates } from "../host/session-state.js";
import { type KernelClient, withKernel } from "../kernel-client.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import {
  parseQuantity,
  type Quantity,
  quantityText,
  RATE,
  SHARE,
  SIZE,
  TIME,
} from "../scenario/quantity.js";
import { findSession, withSession } from "../session/find-session.js";
import { linksText } from "../session/links-text.js";
import { jsonOf, namesOf } from "../session/show.js";

interface Wanted {
  latency?: string;
  rate?: string;
  jitter?: string;
  loss?: string;
  limit?: string;
  to?: string;
  up?: true;
  down?: true;
}

const { link: LINK, direction: WAY } = attributeSets;

export function addLink(program: Command, context: Context): void {
  const link = program.command("link").description("links of a session, and how they are");
  withOutputFormat(withSession(link.command("ls")))
    .description("a session's links: both ways of each, and what they dropped")
    .action((wanted: string, { output }: { output: OutputFormat }) =>
      withKernel(context, async (client) => {
        const { id, uuid } = await findSession(client, wanted);
        const links = await linksOf(client, id);
        const names = linkNames(context, uuid);
        const components = await client.componentDump({ session: id });
        const named = links.map((each) => ({ ...each, name: names.get(each.id) }));
        context.stdout.write(
          output === "json"
            ? jsonText({ schema: "livestack.links/1", links: jsonOf(named) })
            : linksText(named, namesOf(components)),
        );
      }),
    );
  withSession(link.command("set"))
    .argument("<link>", "its name in the scenario, or its id as `livestack link ls` shows it")
    .description("change a link while simulated time goes on; what is under way is not changed")
    .option("--to <component>", "only the way to this one; else both")
    .option("--latency <time>", "as in 20ms; in force with the next window")
    .option("--rate <rate>", "bits a second that it carries, as in 100Mbit")
    .option("--jitter <time>", "added to each latency, from 0 to this")
    .option("--loss <share>", "so many messages are lost, as in 0.1%")
    .option("--limit <size>", "bytes that may wait for the rate, as in 64KiB")
    .addOption(new Option("--down", "it drops all that is sent").conflicts("up"))
    .option("--up", "it does not any more")
    .action((session: string, name: string, wanted: Wanted) =>
      withKernel(context, async (client) => {
        const { id, uuid, name: sessionName, quantumNs } = await findSession(client, session);
        const found = await findLink(client, id, linkNames(context, uuid), name);
        const change = await changeOf(client, found, wanted);
        try {
          await client.linkSet(change);
        } catch (error) {
          throw tooShort(error, name, wanted, quantumNs);
        }
        context.stdout.write(`link ${name} of session ${id} (${sessionName}) is set\n`);
      }),
    );
}

async function linksOf(client: KernelClient, session: number): Promise<Link[]> {
  return (await client.linkDump({ session })).filter((link) => link.session === session);
}

/** The kernel knows a link by its id; what the scenario calls it is in its session's state. */
function linkNames({ root }: Context, uuid: string): Map<number, string> {
  const state = listStates(root).find((each) => each.uuid === uuid);
  return new Map((state?.links ?? []).map(({ id, name }) => [id, name]));
}

async function findLink(
  client: KernelClient,
  session: number,
  names: ReadonlyMap<number, string>,
  wanted: string,
): Promise<Link> {
  const links = await linksOf(client, session);
  const nameOf = ({ id }: Link) => names.get(id) ?? String(id);
  const found =
    links.find((link) => nameOf(link) === wanted) ?? links.find(({ id }) => String(id) === wanted);
  if (found) return found;
  throw new LivestackError("NOT_FOUND", `the session has no link '${wanted}'`, {
    place: `session ${session}`,
    hint: links.length === 0 ? "it has none" : `it has ${links.map(nameOf).join(", ")}`,
  });
}

async function changeOf(client: KernelClient, link: Link, wanted: Wanted) {
  const { session, id } = link;
  const way = given({
    rateBps: quantityOf("--rate", wanted.rate, RATE, WAY.rateBps),
    jitterNs: quantityOf("--jitter", wanted.jitter, TIME, { min: 0n, max: WAY.jitterNs.max }),
    lossPpm: numberOf("--loss", wanted.loss, SHARE, { min: 0n, max: WAY.lossPpm.max }),
    limitBytes: numberOf("--limit", wanted.limit, SIZE, { min: 1n, max: 0xffff_ffffn }),
    down: wanted.down ? 1 : wanted.up ? 0 : undefined,
  });
  const latencyNs = quantityOf("--latency", wanted.latency, TIME, {
    min: 0n,
    max: LINK.latencyNs.max,
  });
  const isWay = Object.keys(way).length > 0;
  if (!isWay && latencyNs === undefined)
    throw new LivestackError("USAGE", "nothing is to be set", {
      place: "livestack link set",
      hint: "say at least one of --latency, --rate, --jitter, --loss, --limit, --down and --up",
    });
  const to = wanted.to === undefined ? undefined : await endOf(client, link, wanted.to);
  return {
    ...{ session, id },
    ...(latencyNs !== undefined && to !== "a" && { latencyNs }),
    ...(latencyNs !== undefined && to !== "b" && { backLatencyNs: latencyNs }),
    ...(isWay && to !== "a" && { toB: way }),
    ...(isWay && to !== "b" && { toA: way }),
  };
}

/** In a strict session no message may arrive in the window that it is sent in: which link it would be. */
function tooShort(error: unknown, link: string, { latency }: Wanted, quantumNs: bigint): unknown {
  const refused = error instanceof Error && error.name === "NetlinkError";
  const { code } = error as { code?: string };
  if (!refused || code !== "ERANGE" || latency === undefined) return error;
  const least = quantityText(quantumNs, TIME);
  const message = `${latency} on link ${link} is shorter than windows of the strict session, ${least}`;
  return new LivestackError("OUT_OF_RANGE", message, {
    ...{ place: "--latency", cause: error },
    hint: `take ${least} or more`,
  });
}

async function endOf(client: KernelClient, { session, a, b }: Link, wanted: string) {
  const nameOf = namesOf(await client.componentDump({ session }));
  const [first, second] = [nameOf(session, a), nameOf(session, b)];
  if (wanted === first) return "a";
  if (wanted === second) return "b";
  throw new LivestackError("NOT_FOUND", `the link does not lead to '${wanted}'`, {
    place: "--to",
    hint: `it joins ${first} and ${second}`,
  });
}

function quantityOf(
  option: string,
  text: string | undefined,
  quantity: Quantity,
  limits: { min: bigint; max: bigint },
): bigint | undefined {
  if (text === undefined) return undefined;
  try {
    return parseQuantity(text, quantity, limits);
  } catch (error) {
    const { code, message, hint } = LivestackError.from(error);
    throw new LivestackError(code, message, { place: option, ...(hint !== undefined && { hint }) });
  }
}

function numberOf(...args: Parameters<typeof quantityOf>): number | undefined {
  const value = quantityOf(...args);
  return value === undefined ? undefined : Number(value);
}
