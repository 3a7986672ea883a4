import { IdentityError } from "../identity-error.ts";
import { originNotAllowed } from "./origins.ts";
import type { Tenant } from "./tenant.ts";

const tenantSuspended = (): IdentityError =>
  new IdentityError("tenant_suspended", "This organisation is suspended.");

/**
 * Requires that the tenant is served, and that it allows the web page. Call it after the grant was checked,
 * so that outsiders do not learn which tenants are suspended or allow an origin.
 * @param origin of the web page that sends the request, if it is not the server's own
 * @throws IdentityError origin_not_allowed, tenant_suspended
 */
export function assertServes(
  { origins, suspendedAtMs }: Pick<Tenant, "origins" | "suspendedAtMs">,
  origin: string | undefined,
): void {
  if (origin !== undefined && !origins.includes(origin)) throw originNotAllowed();
  if (suspendedAtMs !== null) throw tenantSuspended();
}
