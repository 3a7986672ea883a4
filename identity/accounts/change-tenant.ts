import type { ActionDetails, ActionOn } from "../../audit/actions.ts";
import { appendEntry } from "../../audit/append-entry.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import { asOwner } from "../../db/as-owner.ts";
import { authorised, type Administrator } from "./administrator.ts";
import { lockTenant, type Tenant } from "./tenant.ts";

/** Which tenant an administrator changes, and how the audit log calls that. */
export interface TenantChange<A extends ActionOn<"tenant">> {
  readonly slug: string;
  readonly action: A;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  readonly by?: Administrator | undefined;
}

/**
 * Changes one tenant for an administrator of it. The change and its audit entry commit in one transaction,
 * which locks the tenant's row. So two changes of one tenant wait for each other. The application
 * role may not do this, so it connects as the owner of the database.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param work makes the change, with the fields that say who acts for further entries, and returns the details of the audit entry
 * @throws IdentityError tenant_not_found; those of `by.authorise`; and the errors of `work`
 */
export async function changeTenant<A extends ActionOn<"tenant">>(
  ownerUrl: string,
  { slug, action, nowMs, by }: TenantChange<A>,
  work: (
    client: Client,
    tenant: Tenant,
    who: Awaited<ReturnType<typeof authorised>>,
  ) => Promise<ActionDetails[A] | undefined>,
): Promise<void> {
  await asOwner(ownerUrl, "", async (client) => {
    const tenant = await lockTenant(client, slug);
    if (tenant === undefined)
      throw new IdentityError("tenant_not_found", "There is no tenant of that slug.");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [tenant.id]);
    const who = await authorised(client, by);
    const details = await work(client, tenant, who);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant: tenant.id,
      ...who,
      action,
      resource: { type: "tenant", id: tenant.id },
      outcome: "success",
      details,
    });
  });
}
