// SPDX-License-Identifier: GPL-2.0-only
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { emitKernelHeader, emitKernelSource, emitUapi } from "./emit-c.mjs";
import { emitSelftest } from "./emit-selftest.mjs";
import { emitTypeScript } from "./emit-ts.mjs";
import { readSpec, SpecError } from "./spec.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const everything = readFileSync(join(here, "testdata/everything.yaml"), "utf8");
const livestack = readFileSync(join(here, "livestack.yaml"), "utf8");

const has = (test, text, wanted) => test.ok(text.includes(wanted), `has ${wanted.trim()}`);

t.test("every kind of attribute gets the policy that holds its limits", async (test) => {
  const source = emitKernelSource(readSpec(everything, "everything.yaml"));
  has(test, source, "[DEMO_A_THING_SMALL] = NLA_POLICY_MAX(NLA_U8, 9),");
  has(test, source, "[DEMO_A_THING_MIDDLE] = NLA_POLICY_RANGE(NLA_U16, 1, 300),");
  has(test, source, "[DEMO_A_THING_PLAIN] = { .type = NLA_U32 },");
  has(
    test,
    source,
    "[DEMO_A_THING_QUANTUM_NS] = NLA_POLICY_FULL_RANGE(NLA_U64, &ls_thing_quantum_ns_range),",
  );
  has(test, source, "\t.min = 1000ULL,\n\t.max = 10000000000ULL,");
  has(test, source, "[DEMO_A_THING_NAME] = { .type = NLA_NUL_STRING, .len = DEMO_NAME_MAX },");
  has(test, source, "[DEMO_A_THING_UUID] = NLA_POLICY_EXACT_LEN(16),");
  has(test, source, "[DEMO_A_THING_BLOB] = { .type = NLA_BINARY, .len = 64 },");
  has(test, source, "[DEMO_A_THING_KIND] = NLA_POLICY_RANGE(NLA_U32, 1, 3),");
  has(test, source, "[DEMO_A_THING_OPTIONS] = NLA_POLICY_MASK(NLA_U32, 0x3),");
  has(test, source, "[DEMO_A_THING_FORCE] = { .type = NLA_FLAG },");
  has(test, source, "[DEMO_A_THING_PART] = NLA_POLICY_NESTED(ls_part_nl_policy),");
});

t.test(
  "operations: do and dump, privilege, and nothing for what only the kernel sends",
  async (test) => {
    const spec = readSpec(everything, "everything.yaml");
    const source = emitKernelSource(spec);
    const header = emitKernelHeader(spec);
    has(test, header, "extern const struct genl_ops ls_nl_ops[2];");
    has(
      test,
      header,
      "int ls_nl_thing_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb);",
    );
    has(test, source, "\t\t.flags = GENL_ADMIN_PERM,");
    has(test, source, ".name = DEMO_MCGRP_EVENTS,");
    test.notOk(source.includes("DEMO_CMD_THING_NTF"), "a notification has no entry");
    test.notOk(source.includes("unused"), "a set that no request carries has no policy");
    has(test, emitUapi(spec), "\tDEMO_CMD_THING_NTF = 7,");
    has(test, emitUapi(spec), "\tDEMO_OPTIONS_SECOND = 2,");
  },
);

t.test("a family without groups or notifications has no code for them", async (test) => {
  const spec = readSpec(
    livestack
      .slice(0, livestack.indexOf("    - name: session-new"))
      .replace(/^mcast-groups[\s\S]*?\n\n/m, ""),
    "livestack.yaml",
  );
  test.notMatch(emitKernelSource(spec) + emitKernelHeader(spec), /multicast|GROUP|dumpit/);
  test.notMatch(emitTypeScript(spec), /MulticastGroup/);
});

t.test("a range that several requests use is defined once", async (test) => {
  const source = emitKernelSource(readSpec(livestack, "livestack.yaml"));
  test.equal(source.split("ls_session_quantum_ns_range __ro_after_init").length, 2);
  test.equal(source.split("&ls_session_quantum_ns_range").length, 3);
});

t.test("TypeScript: types, numbers and limits", async (test) => {
  const text = emitTypeScript(readSpec(everything, "everything.yaml"));
  has(test, text, 'quantumNs: { id: 4, type: "u64", min: 1000n, max: 10000000000n }');
  has(test, text, 'uuid: { id: 6, type: "binary", minLength: 16, maxLength: 16 }');
  has(test, text, "  readonly quantumNs?: bigint;");
  has(test, text, "  readonly kind?: Kind;");
  has(test, text, "  readonly part?: readonly Part[];");
  has(test, text, 'event: { reply: ["name", "quantumNs", "part"], group: "events" },');
  has(test, text, 'counts: { id: 12, type: "binary", items: "u64" }');
  has(test, text, "  readonly counts?: readonly bigint[];");
  has(
    test,
    text,
    "  thingNew: { readonly request: ThingNewRequest; readonly reply: ThingNewReply };",
  );
  has(
    test,
    text,
    "  thingGet: { readonly request: ThingGetDumpRequest; readonly reply: ThingGetDumpReply };",
  );
  has(test, text, "  thingNtf: ThingNtfEvent;");
});

t.test("self-tests: every request with its attributes, limits and what it needs", async (test) => {
  const text = emitSelftest(readSpec(everything, "everything.yaml"));
  const row = (name, rest) => `\t{ "${name}", DEMO_A_THING_${rest} },\n`;
  has(test, text, row("small", "SMALL,\n\t  SPEC_U8, SPEC_DO | SPEC_NEEDED, 0, 9"));
  has(test, text, row("middle", "MIDDLE,\n\t  SPEC_U16, SPEC_DO | SPEC_NEEDED, 1, 300"));
  has(test, text, row("plain", "PLAIN,\n\t  SPEC_U32, SPEC_DO, 0, 4294967295"));
  has(test, text, row("name", "NAME,\n\t  SPEC_STRING, SPEC_DO | SPEC_NEEDED, 0, 31"));
  has(test, text, row("uuid", "UUID,\n\t  SPEC_BINARY, SPEC_DO, 16, 16"));
  has(test, text, row("kind", "KIND,\n\t  SPEC_U32, SPEC_DO, 1, 3"));
  has(test, text, row("kind", "KIND,\n\t  SPEC_U32, SPEC_DUMP, 1, 3"));
  has(test, text, row("options", "OPTIONS,\n\t  SPEC_MASK, SPEC_DO, 0, 3"));
  has(test, text, row("part", "PART,\n\t  SPEC_NEST, SPEC_DO, 0, 0"));
  has(test, text, '{ "thing-new", DEMO_CMD_THING_NEW, SPEC_DO | SPEC_ADMIN,\n');
  has(test, text, '{ "thing-get", DEMO_CMD_THING_GET, SPEC_DO | SPEC_DUMP,\n');
  test.notOk(text.includes("THING_NTF"), "what only the kernel sends is no request");
});

t.test("what cannot be emitted is refused with its place", async (test) => {
  const cases = [
    ["type: u8", "type: s8", /thing.small: type s8 is not emitted/],
    ["{ max: 9 }", "{ max-len: 9 }", /thing.small: check max-len is not emitted for type u8/],
    ["{ max: 9 }", "{ max: 256 }", /thing.small: the range does not fit the type/],
    ["max-len: name-max", "max-len: name-most", /thing.name: max-len: there is no name-most/],
    ["enum: kind", "enum: kin", /thing.kind: there is no kin/],
    ["nested-attributes: part", "nested-attributes: thing", /nests itself/],
    ["notify: thing-get", "notify: thing-got", /thing-ntf: there is no thing-got/],
    ["mcgrp: events", "mcgrp: event", /thing-ntf: there is no event/],
    ["flags: [admin-perm]", "flags: [uns-admin-perm]", /flag uns-admin-perm is not emitted/],
    ["sub-type: u64", "sub-type: u32", /thing.counts: sub-type is emitted for .* u64 only/],
    ["name: small", "name: middle", /middle is there twice/],
    ["name: small", "name: Small", /no name of the form/],
    ["Needs small,", "Needs smal,", /thing-new: doc: needs: there is no smal/],
    ["value: 7", "value: 2", /below the next free/],
    ["protocol: genetlink-legacy", "protocol: genetlink", /only protocol genetlink-legacy/],
    ["version: 1", "version: [", /no valid YAML/],
    ["version: 1", "verson: 1", /lacks version/],
    ["version: 1", "version: 1\nextra: 1", /key extra is not known/],
  ];
  for (const [good, bad, message] of cases) {
    const broken = everything.replace(good, bad);
    test.not(broken, everything, `${good} is in the file`);
    test.throws(() => emitKernelSource(readSpec(broken, "x.yaml")), { name: "SpecError", message });
  }
  test.ok(new SpecError("a", "b") instanceof Error);
});

t.test("dkms, the modules and the root package say the same version", async (test) => {
  const { version } = JSON.parse(readFileSync(join(here, "../../package.json"), "utf8"));
  const dkms = readFileSync(join(here, "../dkms.conf"), "utf8");
  test.equal(/^PACKAGE_VERSION="(.*)"$/m.exec(dkms)?.[1], version);
});

t.test("the committed files are what the spec gives now", async (test) => {
  execFileSync(process.execPath, [join(here, "generate.mjs"), "--check"], { stdio: "pipe" });
  test.pass("generate --check");
});
