// SPDX-License-Identifier: Apache-2.0
// Modelled disks: what the key disk of a component asks of its other keys.
import type { Report } from "./problem.js";
import { listOf, memberOf } from "./values.js";

export function checkDisk(component: unknown, name: string, report: Report): void {
  if (memberOf(component, "disk") === undefined) return;
  const image = memberOf(component, "image");
  const hasRoot = hasRootDisk(image);
  if (hasRoot && memberOf(image, "disk") !== undefined && memberOf(image, "format") !== "raw")
    report(["components", name, "disk"], {
      code: "BAD_VALUE",
      message: "only raw images can be modelled disks, and its image is qcow2",
      hint: "convert it, `qemu-img convert -O raw`, and write format: raw in image",
    });
  if (!hasRoot && image !== undefined && listOf(memberOf(component, "disks")).length === 0)
    report(["components", name, "disk"], {
      code: "BAD_VALUE",
      message: "it has no disk whose time could be modelled",
      hint: "add one, as in disks: [{size: 1GiB}], or remove the key",
    });
}

/** Whether it has a disk beside those of the key disks. */
function hasRootDisk(image: unknown): boolean {
  return image === "builtin:debian" || memberOf(image, "disk") !== undefined;
}

/** So many disks of all components are modelled. */
export function countDiskLinks(components: readonly [string, unknown][]): number {
  return components
    .filter(([, component]) => memberOf(component, "disk") !== undefined)
    .map(([, component]) => {
      const own = listOf(memberOf(component, "disks")).length;
      return own + (hasRootDisk(memberOf(component, "image")) ? 1 : 0);
    })
    .reduce((sum, count) => sum + count, 0);
}
