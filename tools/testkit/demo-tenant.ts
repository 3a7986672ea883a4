import { createTenant } from "../../identity/accounts/create-tenant.ts";
import { openDevelopmentKey, publicPart } from "../../identity/tokens/development-key.ts";
import { newId } from "./ids.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";

export const DEMO_TENANT = "demo";

/**
 * Creates the tenant `demo` in a database of the caller's. A server makes it only in its embedded
 * database. The tenant trusts the development key in `home` for its customers.
 */
export async function createDemoTenant(home: string, ownerUrl: string): Promise<void> {
  await createTenant(ownerUrl, {
    id: newId<TenantId>(),
    slug: DEMO_TENANT,
    name: "Demo",
    customerKeys: { keys: [publicPart(await openDevelopmentKey(home))] },
    nowMs: Date.now(),
  });
}
