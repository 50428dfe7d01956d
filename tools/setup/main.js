#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { cli } from "./cli.js";
import { realHost } from "./host.js";

process.exitCode = await cli(process.argv.slice(2), realHost());
