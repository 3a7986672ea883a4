import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { readLoggedAuthority } from "../../../identity/authority/authority-entries.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/** Returns the key of the tenant's authority: base64url, as `Sealdesk.connect` takes it. */
export function authorityKeyCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
    const { current } = await inTransaction(pool, tenant.id, readLoggedAuthority);
    if (current === undefined)
      throw new CommandError(
        "The tenant has no authority yet. It gets one with the first device of a member of staff.",
      );
    return toBase64Url(current.publicKey);
  });
}
