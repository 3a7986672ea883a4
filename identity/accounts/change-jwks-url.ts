import type { OutgoingReach } from "../../keys/environment/outgoing-reach.ts";
import type { Administrator } from "./administrator.ts";
import { changeTenant } from "./change-tenant.ts";
import { parseJwksUrl } from "./jwks-url.ts";

/**
 * Sets the URL of the JWK Set whose keys sign the tenant's customer tokens, or removes it. Every node goes by
 * it from its next sign-in on. Keys that the operator gave count beside the set. A repeat changes nothing and
 * is audited.
 * @param ownerUrl a login that may act as sealdesk_owner
 * @param change.url null removes the URL
 * @throws IdentityError tenant_not_found, invalid_jwks_url
 */
export async function changeJwksUrl(
  ownerUrl: string,
  change: {
    readonly slug: string;
    readonly url: string | null;
    readonly fetching: Pick<OutgoingReach, "allowsLocalHttp">;
    readonly nowMs: number;
    readonly by?: Administrator | undefined;
  },
): Promise<void> {
  const { slug, nowMs, by } = change;
  const url = change.url === null ? null : parseJwksUrl(change.url, change.fetching);
  const action = url === null ? "tenant.remove_customer_jwks_url" : "tenant.set_customer_jwks_url";
  await changeTenant(ownerUrl, { slug, action, nowMs, by }, async (client, { id }) => {
    await client.query("update sealdesk.tenants set customer_jwks_url = $2 where id = $1", [
      id,
      url,
    ]);
    return url === null ? undefined : { jwksUrl: url };
  });
}
