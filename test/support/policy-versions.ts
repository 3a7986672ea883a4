import { approveVersion } from "../../identity/policy/approve-version.ts";
import { draftVersion } from "../../identity/policy/draft-version.ts";
import { Policies } from "../../identity/policy/policies.ts";
import type { PolicyChanges } from "../../policies/versions/policy-changes.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { staffDevice, type TestDevice } from "./device.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** A tenant of its own for each test, whose policy no other test changes. */
export async function tenantWithOfficers(server: TestServer) {
  const tenant = await server.createTenant();
  const [admin, officer] = [
    await staffDevice(server, "admin", tenant),
    await staffDevice(server, "compliance_officer", tenant),
  ];
  return { tenant, admin, officer };
}

export const off = (...ids: string[]) => ({ changes: { off: ids, add: [] }, reason: "a test" });

export const draft = (device: TestDevice, body: object) =>
  device.request("POST", "/v1/policy/versions", { body });

export const approve = (device: TestDevice, { version, hash }: { version: number; hash: string }) =>
  device.request("POST", `/v1/policy/versions/${version}/approval`, { body: { hash } });

/** Drafts and approves a version. It is in force when this resolves. */
export async function inForce(
  admin: TestDevice,
  officer: TestDevice,
  body: object,
): Promise<number> {
  const { body: drafted } = await draft(admin, body);
  const { status } = await approve(officer, drafted);
  if (status !== 200) throw new Error(`the approval was answered with ${status}`);
  return drafted.version;
}

/** The operator, as a person of this name. */
export const operator = (tenant: TestTenant, name: string) => ({
  tenant: tenant.id,
  operator: {
    kind: "system" as const,
    id: "operator" as const,
    person: { name, source: "as" as const },
  },
});

export const policyDeps = (server: TestServer, nowMs = server.clock.now()) => ({
  pool: server.database.pool,
  now: () => nowMs,
  policies: new Policies(),
  newId,
});

export const proposed = {
  content: { changes: { off: ["conversation.close"], add: [] } },
  reason: "a test",
  beginsAtMs: null,
};

/** Puts a version of the tenant's policy in force, as two operators do. @returns its number */
export async function putInForce(
  server: TestServer,
  tenant: TestTenant,
  changes: Partial<PolicyChanges>,
): Promise<number> {
  const deps = policyDeps(server);
  const content = { changes: { off: [], add: [], ...changes } };
  const drafted = await draftVersion(deps, operator(tenant, "ann"), { ...proposed, content });
  await approveVersion(deps, operator(tenant, "ben"), drafted);
  return drafted.version;
}
