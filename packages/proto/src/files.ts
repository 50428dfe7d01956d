// SPDX-License-Identifier: Apache-2.0
import { fileURLToPath } from "node:url";

/** The folder that the names of .proto files are relative to. */
export const PROTO_FOLDER = fileURLToPath(new URL("../proto", import.meta.url));

/** All .proto files of LiveStack. */
export const PROTO_FILES = [
  "livestack/agent/v1/agent.proto",
  "livestack/control/v1/control.proto",
] as const;
