// SPDX-License-Identifier: Apache-2.0
// Whoever leads a session does not know where its hosts keep their part of it: the paths of what a run
// writes come relative to that folder.
import { resolve } from "node:path";
import type { Params, VerbName } from "../agent/protocol.js";

type Placing = { readonly [Name in VerbName]?: (params: Params<Name>, at: At) => Params<Name> };
type At = (path: string) => string;

const PLACING: Placing = {
  prepare: (plan, at) => ({
    ...plan,
    folder: at(plan.folder),
    links: plan.links.map(({ capture, ...link }) => ({
      ...link,
      ...(capture && { capture: { ...capture, file: at(capture.file) } }),
    })),
  }),
  "make-disks": ({ root, empty, ...plan }, at) => ({
    ...plan,
    ...(root && { root: { ...root, path: at(root.path) } }),
    empty: empty.map(({ path, sizeBytes }) => ({ path: at(path), sizeBytes })),
  }),
  boot: ({ overlay, disks, consoleLog, vmmLog, ...plan }, at) => ({
    ...plan,
    ...(overlay !== undefined && { overlay: at(overlay) }),
    disks: disks.map(at),
    consoleLog: at(consoleLog),
    vmmLog: at(vmmLog),
  }),
  "model-start": (plan, at) => ({ ...plan, log: at(plan.log) }),
};

/** @param folder of the session on this host */
export function placedIn(folder: string, name: VerbName, params: unknown): unknown {
  const place = PLACING[name] as ((params: unknown, at: At) => unknown) | undefined;
  return place ? place(params, (path) => resolve(folder, path)) : params;
}
