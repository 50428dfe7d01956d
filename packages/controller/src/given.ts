// SPDX-License-Identifier: Apache-2.0

export type Given<Value> = { [Key in keyof Value]: NonNullable<Value[Key]> };

/** Without the keys whose value is undefined: what is absent is left to a default. */
export function given<Value extends object>(value: Value): Given<Value> {
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  return Object.fromEntries(entries) as Given<Value>;
}
