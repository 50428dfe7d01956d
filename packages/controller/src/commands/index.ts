// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addDoctor } from "./doctor.js";
import { addHelp } from "./help.js";
import { addVersion } from "./version.js";

/** Adds one command to the program. Each command is one file here, named for it. */
export type AddCommand = (program: Command, context: Context) => void;

/** All commands, in the order `livestack help` lists them. */
export const commands: readonly AddCommand[] = [addDoctor, addVersion, addHelp];
