import { allowStaffGrants } from "../../identity/accounts/allow-staff-grants.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** Allows or forbids that the tenant's staff show earlier messages of a conversation to colleagues. */
export async function staffGrantsCommand(
  settings: Settings,
  { slug, allowed }: { readonly slug: string; readonly allowed: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    allowStaffGrants(ownerUrl, { slug, allowed, nowMs: Date.now(), by: settings.operator }),
  );
  return allowed
    ? `Staff of tenant ${slug} may show earlier messages to colleagues, with the customer's consent.`
    : `Staff of tenant ${slug} may not show earlier messages to colleagues.`;
}
