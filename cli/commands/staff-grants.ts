import { allowStaffGrants } from "../../keys/accounts/allow-staff-grants.ts";
import type { Settings } from "../settings.ts";
import { withDatabase } from "../with-database.ts";

/** Lets the tenant's staff show a conversation's past to colleagues, or ends that. */
export async function staffGrantsCommand(
  settings: Settings,
  { slug, allowed }: { readonly slug: string; readonly allowed: boolean },
): Promise<string> {
  await withDatabase(settings, ({ ownerUrl }) =>
    allowStaffGrants(ownerUrl, { slug, allowed, now: Date.now() }),
  );
  return allowed
    ? `Staff of tenant ${slug} may show the past to colleagues, with the customer's consent.`
    : `Staff of tenant ${slug} may not show the past to colleagues.`;
}
