// SPDX-License-Identifier: Apache-2.0
// From the output of a failed program to one sentence with the remedy.

import { ImageError, type ImageErrorCode } from "./errors.js";
import { UNKNOWN_PACKAGE } from "./hooks.js";
import type { ResolvedSpec } from "./spec.js";

interface Rule {
  pattern: RegExp;
  code: ImageErrorCode;
  sentence: (line: string) => string;
}

// The first that matches any line counts: a full disk also fails fetches, and those break packages.
const RULES: readonly Rule[] = [
  {
    pattern: /No space left on device|Disk quota exceeded|don't have enough free space/i,
    code: "no-space",
    sentence: () =>
      "The disk became full during the build: free some space or set XDG_CACHE_HOME (without root " +
      "also TMPDIR) to a larger disk.",
  },
  {
    pattern: /unshare: .*Operation not permitted|newuidmap|unshare\(\) failed|cannot unshare/i,
    code: "not-permitted",
    sentence: (line) =>
      `This machine does not let us make namespaces (${line}): build as root of the machine, not ` +
      "of a container, or allow unprivileged user namespaces.",
  },
  {
    pattern:
      /Temporary failure resolving|Could not resolve|Could not connect|Unable to connect|Failed to fetch|Connection (failed|timed out|refused)/i,
    code: "no-network",
    sentence: (line) =>
      `The packages could not be fetched (${line}): check the network and that \`apt-get update\` ` +
      "works on this machine.",
  },
  {
    pattern: /unmet dependencies|held broken packages|Conflicts:/i,
    code: "packages-conflict",
    sentence: () =>
      "These packages cannot be installed together: leave out one of those that exclude each other.",
  },
  {
    pattern: /Could not allocate (block|inode)/i,
    code: "image-too-small",
    sentence: () => "The packages do not fit into an image of this size: give a larger --size.",
  },
];

export function explainFailure(
  argv: readonly string[],
  status: number,
  output: readonly string[],
  spec: ResolvedSpec,
): ImageError {
  const unknown = output
    .filter((line) => line.startsWith(UNKNOWN_PACKAGE))
    .map((line) => line.slice(UNKNOWN_PACKAGE.length).trim());
  if (unknown.length > 0) {
    return new ImageError(
      "unknown-package",
      `This machine's apt sources have no package ${unknown.join(", ")}: correct the name or add ` +
        "the source that has it.",
    );
  }
  for (const { pattern, code, sentence } of RULES) {
    const line = output.find((text) => pattern.test(text));
    if (line !== undefined) return new ImageError(code, sentence(line.trim()));
  }
  const reason =
    output.find((line) => /^(E|dpkg): /.test(line)) ?? output.at(-1) ?? `status ${status}`;
  const program = argv.find((word) => /^(mmdebstrap|mke2fs|e2fsck)$/.test(word)) ?? argv[0];
  const extra = spec.packages.length > 0 ? ` with ${spec.packages.join(", ")}` : "";
  return new ImageError(
    "build-failed",
    `${program} failed for the image${extra} (${reason.trim()}): mend what is named there and run again.`,
  );
}
