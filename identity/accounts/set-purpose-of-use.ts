import type { PurposeSetting } from "../../policies/purpose-of-use.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";

/**
 * Sets for which reads the tenant's staff must state a purpose, and which codes count beside the general ones. It holds
 * from the next request on.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @throws IdentityError tenant_not_found
 */
export const setPurposeOfUse = (
  ownerUrl: string,
  change: PurposeSetting & {
    readonly slug: string;
    /** Milliseconds since the Unix epoch. */
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> => {
  const { slug, nowMs, by } = change;
  const reads = change.reads.toSorted();
  const codes = change.codes.toSorted();
  return changeTenant(
    ownerUrl,
    { slug, action: "tenant.set_purpose_of_use", nowMs, by },
    async (client, { id }) => {
      await client.query(
        "update sealdesk.tenants set purpose_reads = $2, purpose_codes = $3 where id = $1",
        [id, reads, codes],
      );
      return { reads, codes };
    },
  );
};
