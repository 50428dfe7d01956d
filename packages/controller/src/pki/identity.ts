// SPDX-License-Identifier: Apache-2.0
// Who somebody is, by the certificate: a URI among its subject's alternative names,
// livestack://ROLE/NAME. What else a certificate says, such as its common name, is for people.

export const ROLES = ["controller", "agent", "user"] as const;
export type Role = (typeof ROLES)[number];

export interface Identity {
  role: Role;
  /** of an agent: that of its host, as the inventory has it */
  name: string;
}

/** Names go into paths and URIs. */
export const IDENTITY_NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;

export function identityUri({ role, name }: Identity): string {
  return `livestack://${role}/${name}`;
}

/**
 * @param alternativeNames as Node gives them, "DNS:node1, URI:livestack://agent/node1"
 * @returns undefined for a certificate that is not LiveStack's, or that names several
 */
export function identityIn(alternativeNames: string | undefined): Identity | undefined {
  const uris = (alternativeNames ?? "")
    .split(", ")
    .filter((each) => each.startsWith("URI:livestack://"));
  const [, role, name = ""] = /^URI:livestack:\/\/([a-z]+)\/([^/]+)$/.exec(uris[0] ?? "") ?? [];
  if (uris.length !== 1 || !isRole(role) || !IDENTITY_NAME.test(name)) return undefined;
  return { role, name };
}

export function identityText({ role, name }: Identity): string {
  return `${role} ${name}`;
}

export function isRole(text: string | undefined): text is Role {
  return ROLES.some((role) => role === text);
}
