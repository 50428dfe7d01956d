// SPDX-License-Identifier: Apache-2.0
// Appends to a capture for ever, to be killed: node append-for-test.js FILE
import { CaptureFile } from "./capture-file.js";
import { interfaceBlock, packetBlock, sectionBlock } from "./pcapng.js";

const file = CaptureFile.open(process.argv[2] ?? "");
file.append([
  sectionBlock("livestack"),
  interfaceBlock({ name: "a -> b", linkType: 147, snapBytes: 65_536 }),
]);
process.stdout.write("ready\n");
for (let count = 0; ; count++) {
  const data = Buffer.alloc(count % 9000, count);
  const packet = { interface: 0, timeNs: BigInt(count), length: data.length, data };
  // Some dozens at once, as they come out of the kernel.
  file.append(
    Array.from({ length: 40 }, () => packetBlock({ ...packet, direction: 2, comment: "x" })),
  );
}
