import { findTenant } from "../../identity/accounts/tenant.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import { recountStorage } from "../../messaging/storage/recount.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** Compares the counts of a tenant's storage with the stored data, and corrects them. */
export async function recountStorageCommand(
  settings: Settings,
  { slug }: { readonly slug: string },
): Promise<string> {
  const drift = await withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined)
      throw new IdentityError("tenant_not_found", "There is no tenant of that slug.");
    return recountStorage(pool, tenant.id, { by: settings.operator, nowMs: Date.now() });
  });
  if (drift.length === 0) return `All counts of tenant ${slug} were right.`;
  const lines = drift.map(
    ({ kind, owner, items, bytes }) => `${kind} ${owner}: ${items} items, ${bytes} bytes`,
  );
  return [`Corrected ${drift.length} counts of tenant ${slug} by:`, ...lines].join("\n");
}
