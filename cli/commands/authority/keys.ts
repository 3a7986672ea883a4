import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { readLoggedAuthority } from "../../../identity/authority/authority-entries.ts";
import { certifyStaff } from "../../../identity/authority/certify-staff.ts";
import { kmsAuthority } from "../../../identity/authority/kms-authority.ts";
import { remoteAuthority, remoteHeir } from "../../../identity/authority/remote-authority.ts";
import { rotateAuthority } from "../../../identity/authority/rotate-authority.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { namedTenant } from "../../named-tenant.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/** Returns the key of the tenant's authority: base64url, as `Sealdesk.connect` takes it. */
export function authorityKeyCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const { id } = await namedTenant(pool, slug);
    const { current } = await inTransaction(pool, id, readLoggedAuthority);
    if (current === undefined)
      throw new CommandError(
        "The tenant has no authority yet. It gets one with the first device of a member of staff.",
      );
    return toBase64Url(current.publicKey);
  });
}

/**
 * Lets the authority's key hand over to a new one, and certifies the staff anew. With AUTHORITY_URL it
 * hands over to the authority that runs there, and the key service keeps no key of the authority.
 */
export function rotateAuthorityCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const { id } = await namedTenant(pool, slug);
    const { kms } = await openKms(settings.kms());
    try {
      const useCase = { pool, now: Date.now };
      const { authority: remote } = settings;
      const heir = remote && (await remoteHeir(remote, id));
      const key = await rotateAuthority({ ...useCase, kms, by: settings.operator }, id, heir);
      const authority = remote ? remoteAuthority(remote) : kmsAuthority(kms, Date.now);
      const { certified, refused } = await certifyStaff({ ...useCase, authority }, id);
      return (
        `The authority signs with ${toBase64Url(key.publicKey)} from now on. ` +
        `It certified ${certified} accounts, and does not know ${refused} as staff.`
      );
    } finally {
      await kms.close();
    }
  });
}
