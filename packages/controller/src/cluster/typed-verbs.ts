// SPDX-License-Identifier: Apache-2.0
// The one place where the verbs of agent/protocol.ts and the messages of livestack.agent.v1 meet. Fields
// have the same names in both; what differs otherwise is in DIFFERENT. Whatever comes over gRPC is held to
// the same schemas as what comes over the Unix socket.
import { Call, ComponentKind, Reply } from "@livestack/proto/agent";
import type * as z from "zod";
import { type Answer, type Params, type VerbName, verbs } from "../agent/protocol.js";
import { LivestackError } from "../livestack-error.js";

/** Those that go over gRPC: hello is said by the stream. */
export type SessionVerb = Exclude<VerbName, "hello">;
export type CallVerb = NonNullable<Call["verb"]>;
export type ReplyResult = NonNullable<Reply["result"]>;

type Plain = Record<string, unknown>;

interface Differs {
  toMessage(params: Plain): Plain;
  toParams(message: Plain): Plain;
}

const KINDS = {
  live: ComponentKind.COMPONENT_KIND_LIVE,
  model: ComponentKind.COMPONENT_KIND_MODEL,
};

const withOffset: Differs = {
  toMessage: (params) => ({ ...params, offset: BigInt(params.offset as number) }),
  toParams: (message) => ({ ...message, offset: Number(message.offset) }),
};

const DIFFERENT: Partial<Record<SessionVerb, Differs>> = {
  "guest-put": withOffset,
  "guest-get": withOffset,
  "guest-exec": {
    toMessage: ({ run, ...rest }) => ({
      ...rest,
      run:
        typeof run === "string"
          ? { $case: "line", value: run }
          : { $case: "arguments", value: { words: run } },
    }),
    toParams: ({ run, ...rest }) => {
      const { $case, value } = (run ?? {}) as { $case?: string; value?: unknown };
      return { ...rest, run: $case === "arguments" ? (value as { words: unknown }).words : value };
    },
  },
  prepare: {
    toMessage: (params) => withKinds(params, (kind) => KINDS[kind as keyof typeof KINDS]),
    toParams: (message) =>
      withKinds(message, (kind) =>
        kind === KINDS.live ? "live" : kind === KINDS.model && "model",
      ),
  },
};

export function callVerbOf<Name extends SessionVerb>(name: Name, params: Params<Name>): CallVerb {
  const value = DIFFERENT[name]?.toMessage(params as Plain) ?? params;
  return whole(Call.fromPartial({ verb: { $case: caseOf(name), value } } as never).verb);
}

/** @throws LivestackError BAD_REQUEST for what is no verb of a session, or not as its schema wants it */
export function paramsOf({ $case, value }: CallVerb): { name: SessionVerb; params: unknown } {
  const name = NAMES.get($case);
  if (name === undefined) throw new LivestackError("BAD_REQUEST", `a session knows no ${$case}`);
  const bare = withoutAbsent(value) as Plain;
  const params = DIFFERENT[name]?.toParams(bare) ?? bare;
  check(name, verbs[name].params, params);
  return { name, params };
}

export function resultOf(name: SessionVerb, answer: unknown): ReplyResult {
  return whole(
    Reply.fromPartial({ result: { $case: caseOf(name), value: answer } } as never).result,
  );
}

/** @throws LivestackError BAD_REQUEST for what is no answer to this verb */
export function answerOf<Name extends SessionVerb>(name: Name, result: ReplyResult): Answer<Name> {
  if (result.$case !== caseOf(name))
    throw new LivestackError("BAD_REQUEST", `${result.$case} is no answer to ${name}`);
  const answer = withoutAbsent(result.value);
  check(name, verbs[name].answer, answer);
  return answer as Answer<Name>;
}

/** A verb without its message: there is one in agent/protocol.ts and none in agent.proto. */
function whole<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new LivestackError("INTERNAL", "a verb that livestack.agent.v1 does not have");
}

/** "guest-put" is guestPut, as protobuf has it. */
function caseOf(name: SessionVerb): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const NAMES = new Map(
  (Object.keys(verbs) as VerbName[])
    .filter((name): name is SessionVerb => name !== "hello")
    .map((name) => [caseOf(name), name]),
);

function withKinds(plan: Plain, kindOf: (kind: unknown) => unknown): Plain {
  const components = (plan.components as Plain[]).map((each) => ({
    ...each,
    kind: kindOf(each.kind),
  }));
  return { ...plan, components };
}

/** Protobuf's absent fields are there and undefined; the schemas want them not to be there. */
function withoutAbsent(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutAbsent);
  if (value === null || typeof value !== "object" || Buffer.isBuffer(value)) return value;
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries.map(([key, each]) => [key, withoutAbsent(each)]));
}

function check(name: string, schema: z.ZodType, value: unknown): void {
  const { error } = schema.safeEncode(value);
  if (!error) return;
  throw new LivestackError("BAD_REQUEST", `it is not of the agent's protocol: ${name}`, {
    place: error.message.replace(/\s+/g, " ").slice(0, 300),
    hint: "use programs of one release on all machines",
  });
}
