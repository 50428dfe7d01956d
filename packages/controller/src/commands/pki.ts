// SPDX-License-Identifier: Apache-2.0
import { Argument, type Command, InvalidArgumentError } from "commander";
import type { Context } from "../context.js";
import { LivestackError } from "../livestack-error.js";
import { jsonText, type OutputFormat, withOutputFormat } from "../output-format.js";
import { IDENTITY_NAME, identityText, ROLES, type Role } from "../pki/identity.js";
import type { Issued, PkiFolder } from "../pki/pki-folder.js";
import { textTable } from "../text-table.js";

const DEFAULT_DIR = "/etc/livestack/pki";
const CA_DAYS = 3650;
const CERTIFICATE_DAYS = 365;
const DUE_DAYS = 60;
const HEAD = ["CERTIFICATE", "UNTIL", "DAYS LEFT", "AUTHORITY"];

interface Place {
  dir: string;
}
interface Days extends Place {
  days: number;
}
interface Issue extends Days {
  address: string[];
}
interface Rotate extends Days {
  ca: boolean;
  all: boolean;
  within: number;
  forgetOld: boolean;
}

export function addPki(program: Command, context: Context): void {
  const pki = program
    .command("pki")
    .description("the certificates by which controllers, agents and users know each other");
  addInit(pki, context);
  addIssue(pki, context);
  addRotate(pki, context);
  addList(pki, context);
}

function addInit(pki: Command, context: Context): void {
  withDays(withDir(pki.command("init")), CA_DAYS)
    .description("makes the certificate authority")
    .action(async ({ dir, days }: Days) => {
      const folder = await open(dir);
      await folder.init({ nowMs: Date.now(), days });
      context.stdout.write(
        `wrote ${folder.caFile} and its key, which stays on this machine; ` +
          "next: livestack pki issue controller NAME --address ADDRESS\n",
      );
    });
}

function addIssue(pki: Command, context: Context): void {
  withDays(withDir(pki.command("issue")), CERTIFICATE_DAYS)
    .description("a certificate and its key for a controller, the agent of a host, or a user")
    .addArgument(new Argument("<role>", "what it may be").choices(ROLES))
    .argument("<name>", "of an agent: its host's name in the inventory", nameOf)
    .option(
      "--address <address>",
      "DNS name or IP address by which a controller is reached; may be repeated",
      (value: string, all: string[]) => [...all, value],
      [],
    )
    .action(async (role: Role, name: string, { dir, days, address }: Issue) => {
      if (role === "controller" && address.length === 0)
        throw new LivestackError("USAGE", "a controller is known by its addresses", {
          hint: "say how it is reached: --address controller.example --address 192.0.2.1",
        });
      const folder = await open(dir);
      const identity = { role, name };
      await folder.issue(identity, address, { nowMs: Date.now(), days });
      const [issued] = folder.list(Date.now()).filter(isAbout(identity));
      context.stdout.write(
        `wrote ${folder.certificateFile(identity)} and ${folder.keyFile(identity)}, ` +
          `until ${issued?.until.slice(0, 10)}\n`,
      );
    });
}

function addRotate(pki: Command, context: Context): void {
  withDays(withDir(pki.command("rotate")))
    .description("issues again what ends soon; with --ca, a new authority beside the old one")
    .option("--within <days>", "what ends within so many days", daysOf, DUE_DAYS)
    .option("--all", "whatever was issued", false)
    .option("--ca", "a new authority signs from now on; the old one stays trusted", false)
    .option("--forget-old", "trust the newest authority alone", false)
    .action(async ({ dir, days, ca, all, within, forgetOld }: Rotate) => {
      if (Number(ca) + Number(all) + Number(forgetOld) > 1)
        throw new LivestackError("USAGE", "--ca, --all and --forget-old are steps of their own", {
          hint: "in this order, each handed out to all hosts first: docs/cluster.md",
        });
      const folder = await open(dir);
      const nowMs = Date.now();
      if (ca) {
        await folder.newAuthority({ nowMs, days: days ?? CA_DAYS });
        const next = "hand it out to all hosts, then: livestack pki rotate --all";
        context.stdout.write(`wrote ${folder.caFile} with a new authority; ${next}\n`);
      } else if (forgetOld) {
        folder.forgetOldAuthorities(nowMs);
        context.stdout.write(`wrote ${folder.caFile} with the newest authority alone\n`);
      } else {
        const limit = all ? Number.POSITIVE_INFINITY : within;
        const done = await folder.reissue(limit, { nowMs, days: days ?? CERTIFICATE_DAYS });
        const lines = done.map((each) => `replaced ${folder.certificateFile(each)} and its key\n`);
        context.stdout.write(lines.join("") || `nothing ends within ${within} days\n`);
      }
    });
}

function addList(pki: Command, context: Context): void {
  withOutputFormat(withDir(pki.command("ls")))
    .description("what was issued, and until when it is valid")
    .action(async ({ dir, output }: Place & { output: OutputFormat }) => {
      const issued = (await open(dir)).list(Date.now());
      const text =
        output === "json"
          ? jsonText({ schema: "livestack.pki/1", certificates: issued.map(jsonOfIssued) })
          : textTable(HEAD, issued.map(rowOf));
      context.stdout.write(text);
    });
}

function rowOf({ what, until, daysLeft, current }: Issued): string[] {
  const left = daysLeft < 0 ? "expired" : String(daysLeft);
  return [nameOfIssued(what), until.slice(0, 10), left, current ? "newest" : "old"];
}

function jsonOfIssued({ what, certificate, until, daysLeft, current }: Issued) {
  const identity = what === "ca" ? { role: "ca", name: null } : what;
  return { ...identity, certificate, until, days_left: daysLeft, newest_authority: current };
}

function nameOfIssued(what: Issued["what"]): string {
  return what === "ca" ? "authority" : identityText(what);
}

function isAbout({ role, name }: { role: Role; name: string }) {
  return ({ what }: Issued) => what !== "ca" && what.role === role && what.name === name;
}

/** The library takes a while to load, and few commands need it. */
async function open(dir: string): Promise<PkiFolder> {
  const { PkiFolder } = await import("../pki/pki-folder.js");
  return new PkiFolder(dir);
}

function withDir(command: Command): Command {
  return command.option("--dir <dir>", "folder of the certificate authority", DEFAULT_DIR);
}

function withDays(command: Command, otherwise?: number): Command {
  return command.option("--days <days>", "how long it is valid", daysOf, otherwise);
}

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days >= 1 && days <= 36_500) return days;
  throw new InvalidArgumentError("a whole number of days, from 1 to 36500");
}

function nameOf(text: string): string {
  if (IDENTITY_NAME.test(text)) return text;
  throw new InvalidArgumentError("letters, digits, '.', '_' and '-', at most 64");
}
