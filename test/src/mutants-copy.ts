// SPDX-License-Identifier: Apache-2.0
// A scratch copy of the checkout, so that mutants never touch the one that is being worked on.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { cacheDir, repoRoot } from "@livestack/lab";

const MANIFEST = "setup.json";

export interface ScratchCopy {
  root: string;
  /** environment for commands in it: a cache of its own, on top of the real one */
  env: Record<string, string>;
  /** folders that `tsc -b` builds */
  projects: string[];
  remove(): void;
}

/**
 * Copies what git tracks and what it would (the code being worked on), links the installed packages.
 * @throws Error if the checkout is none
 */
export function copyCheckout(): ScratchCopy {
  const files = sourceFiles();
  const place = mkdtempSync(join(tmpdir(), "livestack-mutants-"));
  const remove = () => rmSync(place, { recursive: true, force: true });
  try {
    const root = join(place, "checkout");
    for (const file of files) copyEntry(join(repoRoot, file), join(root, file));
    linkPackages(join(root, "node_modules"));
    const projects = files
      .filter((file) => /(^|\/)tsconfig\.json$/.test(file))
      .map((file) => dirname(file));
    return { root, env: { XDG_CACHE_HOME: linkCache(join(place, "cache")) }, projects, remove };
  } catch (error) {
    remove();
    throw error;
  }
}

function sourceFiles(): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
  const { status, stdout, stderr, error } = spawnSync("git", args, {
    cwd: repoRoot,
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (status !== 0)
    throw new Error(
      `${repoRoot}: git cannot list the files to copy: ${(error?.message ?? stderr).trim()}; ` +
        "run this in a git checkout",
    );
  // A file that was removed but is still tracked is listed all the same.
  const exists = (file: string) => lstatSync(join(repoRoot, file), { throwIfNoEntry: false });
  return stdout.split("\0").filter((file) => file !== "" && exists(file));
}

function copyEntry(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  if (lstatSync(from).isSymbolicLink()) symlinkSync(readlinkSync(from), to);
  else copyFileSync(from, to);
}

/**
 * Our own packages, and programs of theirs, are relative links: taken over as they are they lead
 * into the copy. All else leads to the installed packages.
 */
function linkPackages(to: string): void {
  const from = join(repoRoot, "node_modules");
  const ours = new Set(["@livestack", ".bin"]);
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (!ours.has(name)) symlinkSync(join(from, name), join(to, name));
    else
      for (const each of readdirSync(join(from, name)))
        copyEntry(join(from, name, each), join(to, name, each));
  }
}

/** Kernels and QEMU are the real cache's; what mutants make of our own code stays out of it. */
function linkCache(home: string): string {
  const to = join(home, "livestack");
  const from = cacheDir();
  mkdirSync(to, { recursive: true });
  if (!existsSync(from)) return home;
  for (const name of readdirSync(from))
    if (name !== "initramfs" && name !== MANIFEST) symlinkSync(join(from, name), join(to, name));
  if (existsSync(join(from, MANIFEST))) {
    // A lab host cannot follow absolute links while it has no root yet: it gets the real places.
    const text = readFileSync(join(from, MANIFEST), "utf8");
    const manifest = JSON.parse(text, (key, value) =>
      key === "dir" && typeof value === "string" ? relative(to, join(from, value)) : value,
    );
    writeFileSync(join(to, MANIFEST), JSON.stringify(manifest));
  }
  return home;
}
