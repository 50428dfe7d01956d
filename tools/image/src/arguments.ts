// SPDX-License-Identifier: Apache-2.0
// The command line of the `image` program.

import { parseArgs } from "node:util";
import { ImageError } from "./errors.js";
import { type ImageSpec, parsePackages, parseSize } from "./spec.js";

export const HELP = `Usage: node tools/image/dist/main.js build [--packages NAME,...] [--size SIZE]

Makes a disk image of this machine's Debian release with systemd and SSH, from this machine's apt
sources, and prints its path. Images are kept in the cache by package list and size; one that is
there is returned at once, without network.

  --packages NAME,...  Debian packages to install beside the base set
  --size SIZE          size of the disk as the guest sees it: a whole number with K, M, G or T
                       (default 4G, at least 1G); the file is sparse
  --help               print this and end

The path is the only thing on standard output; progress and errors go to standard error.
The cache is \${XDG_CACHE_HOME:-~/.cache}/livestack. If apt/sources.list and apt/apt.conf are in it
(tools/setup writes them) they are used, else the machine's own.

Exit status:
  0    the image is there
  1    the build failed
  2    wrong arguments: option, size, a package name that is wrong, unknown or in conflict
  3    this machine lacks something: Debian, a program, permission, network or disk space
  130  stopped by Ctrl-C (143 by SIGTERM); nothing is left over
`;

export type Command = { kind: "help" } | { kind: "build"; spec: ImageSpec };

export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = parse(argv);
  if (values.help) return { kind: "help" };
  if (positionals.length !== 1 || positionals[0] !== "build") {
    const got = positionals.length === 0 ? "no command" : JSON.stringify(positionals.join(" "));
    throw new ImageError("usage", `${got} was given where \`build\` is expected: see --help.`);
  }
  const packages = parsePackages(values.packages ?? "");
  const size = values.size === undefined ? {} : { size: parseSize(values.size) };
  return { kind: "build", spec: { packages, ...size } };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        packages: { type: "string" },
        size: { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    });
  } catch (error) {
    // Node's text goes on with advice of its own after the first sentence.
    const [text] = (error as Error).message.split(/\.(?:\s|$)|\n/);
    throw new ImageError("usage", `${text}: see --help.`, { cause: error });
  }
}
