// SPDX-License-Identifier: Apache-2.0
// What an image is asked to be, checked and brought into the one form that names it in the cache.

import { createHash } from "node:crypto";
import { ImageError } from "./errors.js";
import { LAB_RECIPE } from "./lab-recipe.js";
import type { Recipe } from "./recipe.js";

/** What an image has beside the packages asked for. */
export interface ImageKind {
  /** for the build's progress */
  name: string;
  recipe: Recipe;
  /** Put over Debian's tree, owned by root. */
  overlay?: {
    /** what its content follows from, for the key */
    inputs: readonly string[];
    fill: (root: string) => void;
  };
}

/** What lab hosts boot from, and `main.js build` makes. */
export const LAB_IMAGE: ImageKind = { name: "image", recipe: LAB_RECIPE };

export interface ImageSpec {
  /** Debian packages to install beside the base set; names only, no versions. */
  packages: string[];
  /** Size of the disk as the guest sees it, in bytes; the file is sparse. Default 4 GiB. */
  size?: number;
}

/** An ImageSpec that was checked: packages sorted, unique, none of the base set; size rounded up. */
export interface ResolvedSpec {
  packages: string[];
  size: number;
}

const GIB = 1024 ** 3;
export const DEFAULT_SIZE = 4 * GIB;
export const MIN_SIZE = GIB;
/** ext4 with 4 KiB blocks ends here. */
export const MAX_SIZE = 16 * 1024 * GIB;
const BLOCK = 4096;

// Debian policy 5.6.1. apt reads more into a name (globs, regular expressions, `pkg-` to remove,
// `pkg=version`, paths of .deb files), none of which may reach it: the list is also the cache's key.
export const PACKAGE_NAME = /^[a-z0-9][a-z0-9+.-]*[a-z0-9+]$/;

export function checkPackageName(name: string): void {
  if (PACKAGE_NAME.test(name)) return;
  throw new ImageError(
    "bad-package-name",
    `${JSON.stringify(name)} is no Debian package name: give names of at least two lower-case ` +
      `letters, digits, "+", "-" and ".", starting with a letter or digit and without a version.`,
  );
}

export function resolveSpec(
  spec: ImageSpec,
  { recipe }: Pick<ImageKind, "recipe"> = LAB_IMAGE,
): ResolvedSpec {
  for (const name of spec.packages) checkPackageName(name);
  const base = new Set(recipe.packages);
  const packages = [...new Set(spec.packages)].filter((name) => !base.has(name)).sort();
  const size = spec.size ?? DEFAULT_SIZE;
  if (!Number.isSafeInteger(size) || size < MIN_SIZE || size > MAX_SIZE) {
    throw new ImageError(
      "bad-size",
      `${size} bytes is no size for an image: give a whole number from 1G to 16T.`,
    );
  }
  return { packages, size: Math.ceil(size / BLOCK) * BLOCK };
}

/** Reads "4G", "1536M" or a number of bytes; units are powers of 1024. */
export function parseSize(text: string): number {
  const match = /^([0-9]{1,15})([KMGT]?)$/.exec(text);
  if (!match) {
    throw new ImageError(
      "bad-size",
      `${JSON.stringify(text)} is no size: give a whole number with K, M, G or T, such as 4G.`,
    );
  }
  const power = ["", "K", "M", "G", "T"].indexOf(match[2] ?? "");
  return Number(match[1]) * 1024 ** power;
}

/** Reads the value of `--packages`: names parted by commas; the empty string is the empty list. */
export function parsePackages(text: string): string[] {
  if (text === "") return [];
  const names = text.split(",");
  for (const name of names) checkPackageName(name);
  return names;
}

/**
 * The image's name in the cache. The whole recipe is hashed rather than a version number, so that
 * no edit of it can be answered with an image from before the edit.
 */
export function imageKey(spec: ResolvedSpec, release: string, kind = LAB_IMAGE): string {
  const { recipe, overlay } = kind;
  const what = { ...spec, release, arch: process.arch, recipe, overlay: overlay?.inputs };
  return createHash("sha256").update(JSON.stringify(what)).digest("hex").slice(0, 20);
}
