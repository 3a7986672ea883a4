import { IdentityError } from "../identity-error.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";
import { parseKid } from "./customer-keys.ts";

const MAX_REVOKED = 100;

/**
 * Refuses a key of a tenant's customer tokens for ever, wherever the key comes from. Every node refuses it from
 * its next sign-in on. A repeat changes nothing and is audited. Sessions that are open stay open.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the names of the keys that are revoked now
 * @throws IdentityError tenant_not_found; invalid_customer_keys, if the name is none or there are too many
 */
export async function revokeCustomerKey(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly kid: string;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<readonly string[]> {
  const { slug, nowMs, by } = change;
  const kid = parseKid(change.kid);
  let revoked: readonly string[] = [];
  await changeTenant(
    ownerUrl,
    { slug, action: "tenant.revoke_customer_key", nowMs, by },
    async (client, tenant) => {
      revoked = [...new Set([...tenant.revokedCustomerKids, kid])];
      if (revoked.length > MAX_REVOKED)
        throw new IdentityError(
          "invalid_customer_keys",
          `A tenant has at most ${MAX_REVOKED} revoked keys. Move its backend to another URL or other keys.`,
        );
      await client.query("update sealdesk.tenants set revoked_customer_kids = $2 where id = $1", [
        tenant.id,
        revoked,
      ]);
      return { revoked: [...revoked] };
    },
  );
  return revoked;
}
