// SPDX-License-Identifier: Apache-2.0
// The kernel that built-in guests boot.
import { type DebianKernel, debianKernel, kernelSeries } from "./cache.js";
import { ImageError } from "./errors.js";

export const DEFAULT_GUEST_KERNEL = "6.12";

/**
 * @param series one of the kernels that setup brought
 * @throws ImageError not-set-up, usage for another kernel
 */
export function guestKernel(series: string = DEFAULT_GUEST_KERNEL): DebianKernel {
  const kernel = debianKernel(series);
  if (kernel) return kernel;
  const known = kernelSeries().join(", ");
  throw new ImageError("usage", `There is no kernel ${series} for guests: take one of ${known}.`);
}
