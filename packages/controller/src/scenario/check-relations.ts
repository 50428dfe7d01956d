// SPDX-License-Identifier: Apache-2.0
// What one value of a scenario asks of another. Works on what can be read of a file with errors, so
// that these are reported together with all others.
import { COMPONENTS_MAX, LINKS_MAX } from "@livestack/netlink-client";
import { checkDisk, countDiskLinks } from "./check-disk.js";
import { checkLinks, checkQuantum } from "./check-links.js";
import type { Report } from "./problem.js";
import { sessionSchema } from "./schema.js";
import { name as nameSchema } from "./texts.js";
import { entriesOf, goodParts, isMap, listOf, memberOf } from "./values.js";

/** @param file the content of a scenario file, right or wrong */
export function checkRelations(file: unknown, report: Report): void {
  const components = entriesOf(memberOf(file, "components"));
  const links = listOf(memberOf(file, "links"));
  const session = goodParts(sessionSchema, memberOf(file, "session") ?? {});
  checkCount(components.length, memberOf(file, "components"), report);
  for (const [name, component] of components) {
    checkName(name, report);
    checkComponent(component, name, report);
    checkDisk(component, name, report);
  }
  checkLinks(links, components, report);
  checkQuantum(session, links, report);
  checkEnd(memberOf(file, "session"), components, report);
  checkLinkCount(links.length, components, report);
}

/** Each modelled disk is a link of the kernel's, too. */
function checkLinkCount(
  count: number,
  components: readonly [string, unknown][],
  report: Report,
): void {
  const disks = countDiskLinks(components);
  if (disks > 0 && count + disks > LINKS_MAX)
    report(["components"], {
      code: "OUT_OF_RANGE",
      message: `has ${disks} modelled disks beside ${count} links, a session takes at most ${LINKS_MAX} of both`,
      hint: "leave the key disk out where the time of a disk does not matter",
    });
}

function checkCount(count: number, components: unknown, report: Report): void {
  if (count > COMPONENTS_MAX)
    report(["components"], {
      code: "OUT_OF_RANGE",
      message: `has ${count} components, a session takes at most ${COMPONENTS_MAX}`,
      hint: "have one model stand for several of them, or make several sessions",
    });
  if (count === 0 && isMap(components))
    report(["components"], {
      code: "MISSING_KEY",
      message: "there is no component in it",
      hint: "add one, as in web: {image: builtin:tiny}",
    });
}

function checkName(name: string, report: Report): void {
  const issue = nameSchema.safeParse(name).error?.issues[0];
  if (issue?.code !== "custom") return;
  const { message, params } = issue;
  report(["components", name], { code: params?.code, message, hint: params?.hint }, "key");
}

function checkComponent(component: unknown, name: string, report: Report): void {
  const packages = memberOf(component, "packages");
  const image = memberOf(component, "image");
  if (packages !== undefined && image !== undefined && image !== "builtin:debian")
    report(["components", name, "packages"], {
      code: "BAD_VALUE",
      message: "only builtin:debian has packages",
      hint: "write image: builtin:debian, or remove the packages",
    });
  const taken = new Set<unknown>();
  for (const [index, file] of listOf(memberOf(component, "files")).entries()) {
    const to = memberOf(file, "to");
    if (to !== undefined && taken.has(to))
      report(["components", name, "files", index, "to"], {
        code: "DUPLICATE_NAME",
        message: "an earlier file goes there already",
        hint: "remove one of the two",
      });
    taken.add(to);
  }
}

/** A session without commands, models and duration would run for its 104 days. */
function checkEnd(
  session: unknown,
  components: readonly [string, unknown][],
  report: Report,
): void {
  if (memberOf(session, "duration") !== undefined || components.length === 0) return;
  if (memberOf(session, "end") === "duration")
    report(["session"], {
      code: "MISSING_KEY",
      message: "the key duration is missing, which is to end it",
      hint: "add it, as in duration: 10s",
    });
  else if (!components.some(([, component]) => hasCommands(component)))
    report(["session"], {
      code: "NEVER_ENDS",
      message: "no component has commands to run, and there is no duration",
      hint: "add duration: 10s to session, or run: [sleep 10] to a component",
    });
}

function hasCommands(component: unknown): boolean {
  return memberOf(component, "kind") === "model" || memberOf(component, "run") !== undefined;
}
