// SPDX-License-Identifier: Apache-2.0
// The kinds of text in a scenario: each knows how it is written and what it stands for.

import { PACKAGE_NAME } from "@livestack/image";
import { NAME_MAX } from "@livestack/netlink-client";
import * as z from "zod";
import { LivestackError } from "../livestack-error.js";
import { IDENTITY_NAME } from "../pki/identity.js";
import { EPOCH_PATTERN, parseEpoch } from "./epoch.js";
import { type Limits, parseQuantity, type Quantity, quantityPattern, TIME } from "./quantity.js";

interface Form<T> {
  /** for editors, which know no more than a pattern can tell */
  readonly pattern: string;
  /** for hints and editors; the first is the one to show */
  readonly examples: readonly [string, ...string[]];
  /** @throws LivestackError whose code, message and hint go into the report */
  readonly parse: (text: string) => T;
}

function written<T>({ pattern, examples, parse }: Form<T>) {
  return z
    .string()
    .meta({ pattern, examples: [...examples] })
    .transform((text, context): T => {
      try {
        return parse(text);
      } catch (thrown) {
        const { code, message, hint } = LivestackError.from(thrown);
        context.addIssue({ code: "custom", message, params: { code, hint } });
        return z.NEVER;
      }
    });
}

interface Shape {
  readonly what: string;
  readonly pattern: string;
  readonly example: string;
  /** what the pattern asks for, in words */
  readonly rule: string;
}

/** Text that stands for itself and has to look a certain way. */
function shaped({ what, pattern, example, rule }: Shape) {
  const expression = new RegExp(pattern, "u");
  return written({
    pattern,
    examples: [example],
    parse: (text) => {
      if (expression.test(text)) return text;
      throw new LivestackError("BAD_VALUE", `${JSON.stringify(text)} is no ${what}`, {
        hint: `${rule}, as in ${example}`,
      });
    },
  });
}

export function quantity(kind: Quantity, example: string, limits: Limits) {
  return written({
    pattern: quantityPattern(kind),
    examples: [example],
    parse: (text) => parseQuantity(text, kind, limits),
  });
}

export function timeOrAuto(example: string, limits: Limits) {
  return written({
    pattern: `^auto$|${quantityPattern(TIME)}`,
    examples: [example, "auto"],
    parse: (text) => (text === "auto" ? "auto" : parseQuantity(text, TIME, limits)),
  });
}

export const epoch = written({
  pattern: EPOCH_PATTERN,
  examples: ["2026-01-01T00:00:00Z"],
  parse: parseEpoch,
});

export const NAME_PATTERN = `^[A-Za-z0-9][A-Za-z0-9_.-]{0,${NAME_MAX - 1}}$`;

/** The kernel takes more (any printable ASCII), but names also become names of files and hosts. */
export const name = shaped({
  what: "name",
  pattern: NAME_PATTERN,
  example: "web-1",
  rule: `at most ${NAME_MAX} letters, digits, "-", "_" and ".", the first a letter or digit`,
});

/** A component, or of a virtual machine one of its network interfaces. */
export const endpoint = shaped({
  what: "end of a link",
  pattern: `${NAME_PATTERN.slice(0, -1)}(:eth([0-9]|1[0-5]))?$`,
  example: "web:eth0",
  rule: "a component's name, of a virtual machine with an interface from eth0 to eth15",
});

const OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";

export const address = shaped({
  what: "IPv4 address with its prefix",
  pattern: `^${OCTET}(\\.${OCTET}){3}/([1-9]|[12][0-9]|3[0-2])$`,
  example: "10.0.0.1/24",
  rule: "four numbers up to 255 and the length of the network's prefix",
});

export const command = shaped({
  what: "command",
  pattern: "^[^\\0]*[^\\0\\s][^\\0]*$",
  example: "ping -c 3 10.0.0.2",
  rule: "a line for the guest's shell, not empty and without NUL",
});

export const argument = shaped({
  what: "argument",
  pattern: "^[^\\0]*$",
  example: "--port=80",
  rule: "text without NUL",
});

export const kernelArguments = shaped({
  what: "kernel command line",
  pattern: "^[ -~]{0,1024}$",
  example: "console=ttyS0",
  rule: "at most 1024 printable ASCII characters",
});

/** As in a controller's inventory and in certificates. */
export const hostName = shaped({
  what: "host's name",
  pattern: IDENTITY_NAME.source,
  example: "node1",
  rule: 'at most 64 letters, digits, "-", "_" and ".", the first and last a letter or digit',
});

export const hostPath = shaped({
  what: "path",
  pattern: "^[^\\0]{1,4095}$",
  example: "images/debian.qcow2",
  rule: "a path of this machine, relative to the scenario file's folder or absolute, without NUL",
});

export const guestPath = shaped({
  what: "path in the guest",
  pattern: "^/[^\\0]{1,4094}$",
  example: "/root/job.sh",
  rule: "an absolute path, without NUL",
});

export const packageName = shaped({
  what: "Debian package",
  pattern: PACKAGE_NAME.source,
  example: "iperf3",
  rule: "its name alone, without a version",
});

export const fileMode = shaped({
  what: "mode of a file",
  pattern: "^0?[0-7]{3,4}$",
  example: "0755",
  rule: "its permissions in octal and in quotes",
});
