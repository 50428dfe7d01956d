// SPDX-License-Identifier: Apache-2.0
// The command line of the `image` program.

import { parseArgs } from "node:util";
import type { DebianGuestSpec } from "./debian.js";
import { ImageError } from "./errors.js";
import { type ImageSpec, parsePackages, parseSize } from "./spec.js";

export const HELP = `Usage: node tools/image/dist/main.js build|guest [--packages NAME,...] [--size SIZE] [--kernel SERIES]

build  makes a disk image of this machine's Debian release with systemd and SSH, for lab hosts, and
       prints its path
guest  makes the guest builtin:debian and prints the paths of its kernel, initramfs and disk as
       JSON; the disk is shared and never to be written (docs/guests.md)

Both use this machine's apt sources. Images are kept in the cache by package list and size; one that
is there is returned at once, without network.

  --packages NAME,...  Debian packages to install beside the base set
  --size SIZE          size of the disk as the guest sees it: a whole number with K, M, G or T
                       (default 4G, at least 1G); the file is sparse
  --kernel SERIES      of a guest: 6.12 (default) or 6.1
  --help               print this and end

The result is the only thing on standard output; progress and errors go to standard error.
The cache is \${XDG_CACHE_HOME:-~/.cache}/livestack. If apt/sources.list and apt/apt.conf are in it
(tools/setup writes them) they are used, else the machine's own.

Exit status:
  0    the image is there
  1    the build failed
  2    wrong arguments: option, size, kernel, a package name that is wrong, unknown or in conflict
  3    this machine lacks something: Debian, a program, permission, network or disk space
  130  stopped by Ctrl-C (143 by SIGTERM); nothing is left over
`;

export type Command =
  | { kind: "help" }
  | { kind: "build"; spec: ImageSpec }
  | { kind: "guest"; spec: DebianGuestSpec };

export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help) return { kind: "help" };
  const [kind] = positionals;
  if (positionals.length !== 1 || (kind !== "build" && kind !== "guest")) {
    const got = positionals.length === 0 ? "no command" : JSON.stringify(positionals.join(" "));
    const text = `${got} was given where \`build\` or \`guest\` is expected: see --help.`;
    throw new ImageError("usage", text);
  }
  const packages = parsePackages(values.packages ?? "");
  const size = values.size === undefined ? {} : { size: parseSize(values.size) };
  if (kind === "guest") return { kind, spec: { packages, ...size, series: values.kernel } };
  if (values.kernel !== undefined) {
    throw new ImageError(
      "usage",
      "--kernel is for `guest` only: lab hosts get theirs from the lab.",
    );
  }
  return { kind, spec: { packages, ...size } };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        packages: { type: "string" },
        size: { type: "string" },
        kernel: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    // Node's text goes on with advice of its own after the first sentence.
    const [text] = (error as Error).message.split(/\.(?:\s|$)|\n/);
    throw new ImageError("usage", `${text}: see --help.`, { cause: error });
  }
}
