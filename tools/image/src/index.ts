// SPDX-License-Identifier: Apache-2.0
export type { BuildOptions, BuiltImage } from "./build.js";
export { buildImage } from "./build.js";
export {
  cacheDir,
  type DebianKernel,
  debianKernel,
  kernelSeries,
  type Tools,
  tools,
} from "./cache.js";
export { type DebianGuest, type DebianGuestSpec, debianGuest } from "./debian.js";
export type { ImageErrorCode } from "./errors.js";
export { EXIT_STATUS, ImageError } from "./errors.js";
export { DEFAULT_GUEST_KERNEL } from "./guest-kernel.js";
export {
  addModules,
  cachedInitramfs,
  cachedProgram,
  compileStatic,
  guestSources,
} from "./initramfs.js";
export { type RunSyncOptions, runSync } from "./run.js";
export type { ImageSpec } from "./spec.js";
export { DEFAULT_SIZE, PACKAGE_NAME, parsePackages, parseSize } from "./spec.js";
export { guestAgent, type TinyGuest, tinyGuest } from "./tiny.js";
