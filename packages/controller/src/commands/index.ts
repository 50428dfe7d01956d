// SPDX-License-Identifier: Apache-2.0
import type { Command } from "commander";
import type { Context } from "../context.js";
import { addAdopt } from "./adopt.js";
import { addAgent } from "./agent.js";
import { addAttach } from "./attach.js";
import { addConsole } from "./console.js";
import { addController } from "./controller.js";
import { addDetach } from "./detach.js";
import { addDoctor } from "./doctor.js";
import { addEvents } from "./events.js";
import { addExec } from "./exec.js";
import { addHelp } from "./help.js";
import { addHosts } from "./hosts.js";
import { addInit } from "./init.js";
import { addLink } from "./link.js";
import { addLogs } from "./logs.js";
import { addLs } from "./ls.js";
import { addPause } from "./pause.js";
import { addPki } from "./pki.js";
import { addRelease } from "./release.js";
import { addResume } from "./resume.js";
import { addRun } from "./run.js";
import { addStatus } from "./status.js";
import { addStop } from "./stop.js";
import { addValidate } from "./validate.js";
import { addVersion } from "./version.js";

/** Adds one command to the program. Each command is one file here, named for it. */
export type AddCommand = (program: Command, context: Context) => void;

/** All commands, in the order `livestack help` lists them. */
export const commands: readonly AddCommand[] = [
  addInit,
  addDoctor,
  addValidate,
  addRun,
  addExec,
  addConsole,
  addLogs,
  addAdopt,
  addRelease,
  addLs,
  addStatus,
  addEvents,
  addPause,
  addResume,
  addStop,
  addLink,
  addAttach,
  addDetach,
  addHosts,
  addPki,
  addController,
  addAgent,
  addVersion,
  addHelp,
];
