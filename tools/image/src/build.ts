// SPDX-License-Identifier: Apache-2.0
// From a list of packages to a disk image in the cache.

import { type FileHandle, mkdir, open, readFile } from "node:fs/promises";
import path from "node:path";
import { ImageError } from "./errors.js";
import { explainFailure } from "./explain.js";
import { APT_OPTIONS_VARIABLE, customizeHook, setupHook } from "./hooks.js";
import { takeLock } from "./lock.js";
import { checkSpace, checkSubordinateIds, checkTools, debianRelease, IS_ROOT } from "./machine.js";
import { makeOverlay, UNPACK } from "./overlay.js";
import { capture, runGroup } from "./run.js";
import { type AptSettings, readAptSettings } from "./sources.js";
import {
  type ImageKind,
  type ImageSpec,
  imageKey,
  LAB_IMAGE,
  type ResolvedSpec,
  resolveSpec,
} from "./spec.js";
import { findImage, type ImageRecord, imagePath, installedPackages, publish } from "./store.js";
import { makeWork, removeWork, sweep, type Work } from "./work.js";
import { LIST_XATTRS, setXattrs, XATTR_LINE } from "./xattrs.js";

export interface BuildOptions {
  /** Root of LiveStack's cache; images are in its folder `images`. */
  cacheDir: string;
  /** Folder with a sources.list and an apt.conf to use, if it has them; default `cacheDir/apt`. */
  aptConfigDir?: string;
  /** Gets a line of progress at a time. */
  log: (line: string) => void;
  /** Stops the build, which then removes what it made and throws an ImageError `aborted`. */
  signal?: AbortSignal;
}

export interface BuiltImage {
  path: string;
  key: string;
  /** Every package in the image and its exact version. */
  packages: Record<string, string>;
}

/** What the steps of one build share. */
interface Build {
  spec: ResolvedSpec;
  kind: ImageKind;
  release: string;
  work: Work;
  lockFd: number;
  log: (line: string) => void;
  signal: AbortSignal | undefined;
}

/**
 * Returns the image for `spec`, building it when the cache has none. An image in the cache needs
 * neither network nor root. Every error is an ImageError.
 */
export async function buildImage(
  spec: ImageSpec,
  options: BuildOptions,
  kind = LAB_IMAGE,
): Promise<BuiltImage> {
  try {
    const resolved = resolveSpec(spec, kind);
    const release = await debianRelease();
    const key = imageKey(resolved, release, kind);
    const imagesDir = path.join(options.cacheDir, "images");
    const record =
      (await findImage(imagesDir, key)) ??
      (await buildLocked(resolved, { kind, release, key, imagesDir }, options));
    return { path: imagePath(imagesDir, key), key, packages: record.packages };
  } catch (error) {
    throw ImageError.from(error);
  }
}

async function buildLocked(
  spec: ResolvedSpec,
  {
    kind,
    release,
    key,
    imagesDir,
  }: Pick<Build, "kind" | "release"> & { key: string; imagesDir: string },
  { cacheDir, aptConfigDir, log, signal }: BuildOptions,
): Promise<ImageRecord> {
  checkTools();
  if (!IS_ROOT) await checkSubordinateIds();
  await mkdir(imagesDir, { recursive: true, mode: 0o755 });
  const wait = () => log("another build has the cache's lock, waiting for it to end");
  const lock = await takeLock(path.join(imagesDir, ".lock"), wait, signal);
  try {
    const ready = await findImage(imagesDir, key);
    if (ready) return ready;
    await sweep(imagesDir);
    await checkSpace(imagesDir);
    const apt = await readAptSettings(aptConfigDir ?? path.join(cacheDir, "apt"), release);
    const work = await makeWork(imagesDir);
    try {
      if (!IS_ROOT) await checkSpace(work.treePlace);
      const build: Build = { spec, kind, release, work, lockFd: lock.fd, log, signal };
      const file = await makeImage(build, apt);
      const record = await describe(file, build, key);
      await publish(imagesDir, file, record);
      log(`image ${key} is ready`);
      return record;
    } finally {
      await removeWork(work.dir);
    }
  } finally {
    lock.release();
  }
}

async function makeImage(build: Build, apt: AptSettings): Promise<string> {
  const { spec, kind, work, log } = build;
  const wanted = spec.packages.length > 0 ? ` with ${spec.packages.join(", ")}` : "";
  log(`building a Debian ${build.release} ${kind.name}${wanted} (once for each list of packages)`);
  const xattrs: string[] = [];
  const tree = await bootstrap(build, apt, xattrs);
  const overlay = makeOverlay(kind, work.dir);
  log("writing the file system");
  const file = path.join(work.dir, "image");
  await withFile(file, "wx", (handle) => handle.truncate(spec.size));
  const mke2fs = ["mke2fs", "-q", ...kind.recipe.mke2fsOptions, "-d"];
  if (IS_ROOT) {
    await step(build, ["sh", "-c", UNPACK, "sh", tree, ...overlay, "--", ...mke2fs, tree, file]);
  } else {
    // One fakeroot for both, because the owners and device nodes it pretends end with it.
    const unpacked = path.join(work.dir, "tree");
    await mkdir(unpacked);
    const script = ["sh", "-c", UNPACK, "sh", unpacked, tree, ...overlay, "--"];
    const command = [...script, ...mke2fs, unpacked, file];
    await step(build, ["fakeroot", "--", ...command]);
    await setXattrs(file, xattrs);
  }
  await step(build, ["e2fsck", "-f", "-n", file]);
  // Before the rename that publishes it: a crash must not leave a named image without its blocks.
  await withFile(file, "r+", (handle) => handle.sync());
  return file;
}

async function withFile(file: string, flags: string, use: (handle: FileHandle) => Promise<void>) {
  const handle = await open(file, flags, 0o644);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

/** Makes the Debian tree: as root a folder, else a tar of it and the list `xattrs` for setXattrs. */
async function bootstrap(build: Build, apt: AptSettings, xattrs: string[]): Promise<string> {
  const { spec, kind, release, work } = build;
  const { recipe } = kind;
  const tree = path.join(work.dir, IS_ROOT ? "tree" : "tree.tar");
  const mmdebstrap = [
    "mmdebstrap",
    `--mode=${IS_ROOT ? "root" : "unshare"}`,
    "--variant=minbase",
    "--skip=update",
    `--include=${[...recipe.packages, ...spec.packages].join(",")}`,
    ...recipe.dpkgOptions.map((option) => `--dpkgopt=${option}`),
    `--setup-hook=${setupHook(spec.packages)}`,
    `--customize-hook=${customizeHook(recipe)}${IS_ROOT ? "" : LIST_XATTRS}`,
    release,
    tree,
    "-",
  ];
  // As root mmdebstrap mounts /dev, /proc and /sys in the tree. In namespaces of our own the mounts
  // and processes go with us, and removing the tree can never reach this machine's /dev.
  const namespaces = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const output = await step(build, IS_ROOT ? [...namespaces, ...mmdebstrap] : mmdebstrap, {
    stdin: apt.sources,
    env: { TMPDIR: work.treePlace, [APT_OPTIONS_VARIABLE]: apt.options },
  });
  xattrs.push(...output.filter((line) => line.startsWith(XATTR_LINE)));
  return tree;
}

/** Runs one program of the build; its output is returned, or becomes the reason of the failure. */
async function step(
  { spec, lockFd, log, signal }: Build,
  argv: string[],
  options: { stdin?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<string[]> {
  const output: string[] = [];
  const onLine = (line: string) => {
    output.push(line);
    // mmdebstrap's own steps; between them are thousands of lines of dpkg's.
    if (/^I: (downloading|extracting|installing|cleaning|creating)/.test(line)) log(line.slice(3));
  };
  const status = await runGroup(argv, { ...options, lockFd, signal, onLine });
  if (status !== 0) throw explainFailure(argv, status, output, spec);
  return output;
}

async function describe(file: string, build: Build, key: string): Promise<ImageRecord> {
  const status = path.join(build.work.dir, "status");
  await capture(["debugfs", "-R", `dump /var/lib/dpkg/status ${status}`, file]);
  const packages = installedPackages(await readFile(status, "utf8"));
  // apt takes a virtual package's only provider, or what a name matches as a pattern.
  const absent = build.spec.packages.filter((name) => !(name in packages));
  if (absent.length > 0) {
    throw new ImageError(
      "unknown-package",
      `${absent.join(", ")} is the name of no package that can be installed itself: name the ` +
        "package that provides it.",
    );
  }
  return {
    schema: "livestack.image/1",
    key,
    release: build.release,
    requested: build.spec.packages,
    size: build.spec.size,
    built: new Date().toISOString(),
    packages,
  };
}
