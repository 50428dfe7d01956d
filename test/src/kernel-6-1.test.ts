// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { kernelSuite } from "./kernel-suite.js";

await kernelSuite(t, "6.1", 1 << 30);
