import { randomUUID } from "node:crypto";
import { scimUrns } from "../../contract/provisioning.ts";
import { apiKeyOf } from "./administration.ts";
import { startProvider, type TestProvider } from "./identity-provider.ts";
import type { TestServer, TestTenant } from "./server.ts";

const rolesOfGroups = [
  { group: "leads", role: "supervisor" as const },
  { group: "support", role: "agent" as const },
];

/** Sends requests over SCIM, as an identity provider does. */
export function scimWith(server: TestServer, key: string, base: string, address = server.address) {
  return async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${address}${base}/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/scim+json; charset=utf-8" }),
      },
      ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      type: answer.headers.get("content-type"),
      // Whatever the server answered; tests look into it.
      body: text === "" ? undefined : JSON.parse(text),
    };
  };
}

/** A provider whose accounts come over SCIM, and what it sends. */
export interface ScimProvider extends TestProvider {
  readonly base: string;
  readonly scim: ReturnType<typeof scimWith>;
  /** Writes a person, and returns their id. */
  person(changes?: Readonly<Record<string, unknown>>): Promise<string>;
  /** Writes a group with members, and returns its id. */
  group(displayName: string, ...members: readonly string[]): Promise<string>;
}

/** Registers a provider with `--accounts scim-only`, and makes an API key for it. */
export async function startScimProvider(
  server: TestServer,
  tenant: TestTenant = server.tenant,
): Promise<ScimProvider> {
  const settings = { accounts: "scim-only" as const, roles: rolesOfGroups };
  const provider = await startProvider(server, settings, tenant);
  const base = `/scim/v2/${tenant.slug}/${provider.name}`;
  const scim = scimWith(
    server,
    await apiKeyOf(server, { tenant, scopes: [`scim:${provider.name}`] }),
    base,
  );
  return {
    ...provider,
    base,
    scim,
    async person(changes = {}) {
      const { status, body } = await scim("POST", "Users", personOf(changes));
      if (status !== 201) throw new Error(`not written: ${JSON.stringify(body)}`);
      return body.id as string;
    },
    async group(displayName, ...members) {
      const { status, body } = await scim("POST", "Groups", {
        schemas: [scimUrns.group],
        displayName,
        members: members.map((value) => ({ value })),
      });
      if (status !== 201) throw new Error(`not written: ${JSON.stringify(body)}`);
      return body.id as string;
    },
  };
}

/** A User as Microsoft Entra ID sends it, with attributes that the server drops. */
export function personOf(changes: Readonly<Record<string, unknown>> = {}) {
  const name = `p${randomUUID().slice(0, 8)}`;
  return {
    schemas: [scimUrns.user, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
    externalId: `${name}-at-the-provider`,
    userName: `${name}@example.test`,
    active: true,
    displayName: `Person ${name}`,
    emails: [{ primary: true, type: "work", value: `${name}@mail.example` }],
    phoneNumbers: [{ type: "work", value: "+49 30 901820" }],
    meta: { resourceType: "User" },
    name: { formatted: "Given Family", familyName: "Family", givenName: "Given" },
    title: "Somebody",
    roles: [],
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": { department: "Support" },
    ...changes,
  };
}

/** A PATCH with these operations. */
export const patchOf = (...operations: readonly object[]) => ({
  schemas: [scimUrns.patch],
  Operations: operations,
});
