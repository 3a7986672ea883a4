import { approveVersion } from "../../identity/policy/approve-version.ts";
import { draftVersion } from "../../identity/policy/draft-version.ts";
import { Policies } from "../../identity/policy/policies.ts";
import type { PolicyChanges } from "../../policies/versions/policy-changes.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { TestServer, TestTenant } from "./server.ts";

/** Puts a version of the tenant's policy in force, as two operators do. @returns its number */
export async function putInForce(
  { database, clock }: TestServer,
  tenant: TestTenant,
  changes: Partial<PolicyChanges>,
): Promise<number> {
  const { pool } = database;
  const deps = { pool, now: () => clock.now(), policies: new Policies(), newId };
  const by = (name: string) => ({
    tenant: tenant.id,
    operator: { kind: "system", id: "operator", person: { name, source: "as" } } as const,
  });
  const content = { changes: { off: [], add: [], ...changes } };
  const draft = await draftVersion(deps, by("ann"), {
    content,
    reason: "a test",
    beginsAtMs: null,
  });
  await approveVersion(deps, by("ben"), draft);
  return draft.version;
}
