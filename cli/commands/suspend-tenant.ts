import { suspendTenant } from "../../identity/accounts/suspend-tenant.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** Suspends a tenant, or resumes it. */
export async function suspendTenantCommand(
  settings: Settings,
  { slug, suspended }: { readonly slug: string; readonly suspended: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    suspendTenant(ownerUrl, { slug, suspended, nowMs: Date.now(), by: settings.operator }),
  );
  return suspended
    ? `Suspended tenant ${slug}: its users cannot sign in and are not served.`
    : `Resumed tenant ${slug}.`;
}
