import { IdentityError } from "../identity-error.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";
import { parseKid } from "./customer-keys.ts";

/** The operator may revoke more keys than programs, so that a thief of an API key cannot fill the list. */
const MAX_REVOKED = { byKey: 100, byOperator: 200 };

/** An administrator's change of the revoked keys of a tenant. */
interface RevocationChange {
  readonly slug: string;
  readonly kid: string;
  readonly nowMs: number;
  readonly by?: Administrator | undefined;
}

/**
 * Refuses a key of a tenant's customer tokens until its revocation ends, wherever the key comes from. Every
 * node refuses it from its next sign-in on. A repeat changes nothing and is audited. Sessions that are open stay open.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the names of the keys that are revoked now
 * @throws IdentityError tenant_not_found; invalid_customer_keys, if the name is none or there are too many
 */
export function revokeCustomerKey(
  ownerUrl: string,
  change: RevocationChange,
): Promise<readonly string[]> {
  const kid = parseKid(change.kid);
  const isByKey = change.by !== undefined && "authorise" in change.by;
  const most = isByKey ? MAX_REVOKED.byKey : MAX_REVOKED.byOperator;
  return changeRevoked(ownerUrl, "tenant.revoke_customer_key", change, (before) => {
    if (before.includes(kid)) return before;
    if (before.length >= most)
      throw new IdentityError(
        "invalid_customer_keys",
        `A tenant has at most ${most} revoked keys. ${isByKey ? "Ask the operator, who may revoke more." : "Allow some again with `sealdesk tenant keys unrevoke`."}`,
      );
    return [...before, kid];
  });
}

/**
 * Ends the revocation of a key. The key counts again if it was given or the set at the URL has it.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @returns the names of the keys that are still revoked
 * @throws IdentityError tenant_not_found; customer_key_not_found, if the key is not revoked
 */
export function unrevokeCustomerKey(
  ownerUrl: string,
  change: RevocationChange,
): Promise<readonly string[]> {
  const { kid } = change;
  return changeRevoked(ownerUrl, "tenant.unrevoke_customer_key", change, (before) => {
    if (!before.includes(kid))
      throw new IdentityError("customer_key_not_found", `The tenant has no revoked key "${kid}".`);
    return before.filter((each) => each !== kid);
  });
}

async function changeRevoked(
  ownerUrl: string,
  action: "tenant.revoke_customer_key" | "tenant.unrevoke_customer_key",
  { slug, nowMs, by }: RevocationChange,
  changed: (before: readonly string[]) => readonly string[],
): Promise<readonly string[]> {
  let revoked: readonly string[] = [];
  await changeTenant(ownerUrl, { slug, action, nowMs, by }, async (client, tenant) => {
    revoked = changed(tenant.revokedCustomerKids);
    await client.query("update sealdesk.tenants set revoked_customer_kids = $2 where id = $1", [
      tenant.id,
      revoked,
    ]);
    return { revoked: [...revoked] };
  });
  return revoked;
}
