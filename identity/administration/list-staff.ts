import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { StaffRole } from "../../policies/actor.ts";
import { authorised, type KeyAdministrator } from "../accounts/administrator.ts";
import type { DirectoryDeps } from "../accounts/profiles.ts";
import { STAFF_PER_PAGE } from "../accounts/staff.ts";

/** An account of staff, as its tenant's backend sees it. */
export interface AdministeredStaff {
  readonly id: UserId;
  readonly role: StaffRole;
  readonly username: string | null;
  readonly displayName: string | null;
  readonly isDisabled: boolean;
}

/**
 * Lists a page of a tenant's staff, with any role, in order of id.
 * @param after the last account of the page before
 * @throws IdentityError forbidden
 */
export function listStaffByKey(
  { pool, now, profiles }: DirectoryDeps,
  by: KeyAdministrator,
  tenant: TenantId,
  after: UserId | undefined,
): Promise<readonly AdministeredStaff[]> {
  return inTransaction(pool, tenant, async (client) => {
    const who = await authorised(client, by);
    const { rows } = await client.query<
      Pick<AdministeredStaff, "id" | "role" | "isDisabled"> & {
        readonly username: Uint8Array | null;
        readonly displayName: Uint8Array | null;
      }
    >(
      `select id, role, username, display_name as "displayName", disabled_at_ms is not null as "isDisabled"
       from users
       where username_index is not null and ($1::uuid is null or id > $1) order by id limit $2`,
      [after ?? null, STAFF_PER_PAGE],
    );
    await appendEntry(client, {
      occurredAtMs: now(),
      tenant,
      ...who,
      action: "staff.list",
      resource: { type: "tenant", id: tenant },
      outcome: "success",
    });
    return profiles.openedNames(tenant, rows);
  });
}
