// SPDX-License-Identifier: Apache-2.0
import { test } from "tap";
import { type AttributeSets, decodeAttributes, encodeAttributes } from "./codec.js";
import { attributeSets } from "./generated/livestack.js";

const everything = {
  thing: {
    small: { id: 1, type: "u8", max: 9n },
    middle: { id: 2, type: "u16" },
    plain: { id: 3, type: "u32" },
    long: { id: 4, type: "u64" },
    name: { id: 5, type: "string", maxLength: 5 },
    blob: { id: 6, type: "binary", minLength: 2, maxLength: 4 },
    counts: { id: 7, type: "binary", items: "u64" },
    force: { id: 8, type: "flag" },
    options: { id: 9, type: "u32", mask: 3n },
    part: { id: 10, type: "nest", nested: "part", multi: true },
  },
  part: { weight: { id: 1, type: "u32", min: 1n } },
} as const satisfies AttributeSets;
const { thing } = everything;

test("every kind of attribute survives the way to the kernel and back", async (t) => {
  const values = {
    small: 9,
    middle: 0xffff,
    plain: 0xffffffff,
    long: 2n ** 64n - 1n,
    name: "später".slice(0, 4),
    blob: new Uint8Array([1, 2, 3]),
    counts: [0n, 1n, 2n ** 63n],
    force: true,
    options: 3,
    part: [{ weight: 1 }, { weight: 2 }],
  };
  t.same(decodeAttributes(thing, encodeAttributes(thing, values, everything), everything), values);
  t.equal(encodeAttributes(thing, { force: false, plain: undefined }).length, 0);
});

test("the bytes are those of linux/netlink.h", async (t) => {
  t.equal(
    encodeAttributes(thing, { middle: 0x1234, name: "ab" }).toString("hex"),
    "0600020034120000" + "0700050061620000",
  );
  const nest = encodeAttributes(thing, { part: [{ weight: 7 }] }, everything);
  t.equal(nest.toString("hex"), "0c000a80" + "0800010007000000");
});

test("what the kernel's policy would refuse is refused with its words", async (t) => {
  const cases: [object, string, RegExp][] = [
    [{ small: 10 }, "ERANGE", /^small: integer out of range: 10 is not from 0 to 9$/],
    [{ small: -1 }, "ERANGE", /not from 0 to 9/],
    [{ middle: 65536 }, "ERANGE", /to 65535/],
    [{ long: 2n ** 64n }, "ERANGE", /to 18446744073709551615/],
    [{ plain: 1.5 }, "EINVAL", /1.5 is no whole number/],
    [{ plain: "1" }, "EINVAL", /no whole number/],
    [{ plain: 2 ** 60 }, "EINVAL", /no whole number/],
    [
      { name: "sechs!" },
      "ERANGE",
      /^name: Attribute failed policy validation: 6 bytes.* 5 at most/,
    ],
    [{ name: "äöü" }, "ERANGE", /6 bytes/],
    [{ name: "a\0b" }, "EINVAL", /NUL/],
    [{ name: 5 }, "EINVAL", /takes text/],
    [{ blob: new Uint8Array(1) }, "ERANGE", /1 bytes, it takes 2 to 4/],
    [{ blob: [1, 2] }, "EINVAL", /takes bytes/],
    [{ counts: [1n, -1n] }, "ERANGE", /out of range/],
    [{ force: 1 }, "EINVAL", /true or false/],
    [{ options: 4 }, "EINVAL", /reserved bit set/],
    [{ part: { weight: 1 } }, "EINVAL", /not an array/],
    [{ part: [{ weight: 0 }] }, "ERANGE", /^weight: .* from 1/],
    [{ nothing: 1 }, "EINVAL", /^nothing: Unknown attribute type/],
  ];
  for (const [values, code, message] of cases)
    t.throws(() => encodeAttributes(thing, values as never, everything), { code, message });
});

test("names in sentences are the spec's, names of attributes the request's", async (t) => {
  t.throws(() => encodeAttributes(attributeSets.session, { quantumNs: 5n }), {
    code: "ERANGE",
    errno: 34,
    attribute: "quantumNs",
    message: "quantum-ns: integer out of range: 5 is not from 1000 to 10000000000",
  });
});

test("a message that is cut off is refused; what is unknown is left out", async (t) => {
  const whole = encodeAttributes(thing, { plain: 1, long: 1n });
  t.throws(() => decodeAttributes(thing, whole.subarray(0, 12)), { code: "EBADMSG" });
  t.throws(() => decodeAttributes({ plain: { id: 3, type: "u64" } }, whole), { code: "EBADMSG" });
  t.same(decodeAttributes({ long: { id: 4, type: "u64" } }, whole), { long: 1n });
});
