import type { TestServer, TestTenant } from "./server.ts";

/** Returns the account with an id, if there is one. */
export async function accountsIn(server: TestServer, id: string) {
  const { rows } = await server.database.owner.query<{ role: string; disabled: boolean }>(
    "select role, disabled_at_ms is not null as disabled from sealdesk.users where id = $1",
    [id],
  );
  return rows;
}

/** Returns the audit entries about a person, the oldest first. */
export const entriesAbout = async (server: TestServer, id: string, tenant?: TestTenant) =>
  (await server.auditEntries(tenant)).filter((entry) => entry["subject"] === id);
