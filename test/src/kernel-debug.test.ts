// SPDX-License-Identifier: Apache-2.0
// The same on a kernel with lockdep, KASAN and the atomic-sleep checks.
import t from "tap";
import { form } from "./form.js";
import { kernelSuite } from "./kernel-suite.js";

if (form === "full") await kernelSuite(t, "debug", 2 ** 31);
else
  t.pass("self-tests on the debug kernel", {
    skip: "full form only: the kernel takes 15 minutes to build",
  });
