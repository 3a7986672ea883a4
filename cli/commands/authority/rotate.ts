import { toBase64Url } from "../../../crypto/wire/bytes.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { certifyStaff } from "../../../identity/authority/certify-staff.ts";
import { kmsAuthority } from "../../../identity/authority/kms-authority.ts";
import { remoteAuthority } from "../../../identity/authority/remote-authority.ts";
import { rotateAuthority } from "../../../identity/authority/rotate-authority.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";

/**
 * Lets the authority's key hand over to a new one, and certifies the staff anew. With AUTHORITY_URL it
 * hands over to the authority that runs there, and the key service keeps no key of the authority.
 */
export function rotateAuthorityCommand(settings: Settings, slug: string): Promise<string> {
  return withDatabase(settings, async ({ pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
    const { kms } = await openKms(settings.kms());
    try {
      const useCase = { pool, now: Date.now };
      const remote = settings.authority && remoteAuthority(settings.authority);
      const [heir] = (await remote?.keysAfter(tenant.id, undefined)) ?? [];
      const key = await rotateAuthority(
        { ...useCase, kms, by: settings.operator },
        tenant.id,
        heir?.publicKey,
      );
      const authority = remote ?? kmsAuthority(kms, Date.now);
      const { certified, refused } = await certifyStaff({ ...useCase, authority }, tenant.id);
      return (
        `The authority signs with ${toBase64Url(key.publicKey)} from now on. ` +
        `It certified ${certified} accounts, and does not know ${refused} as staff.`
      );
    } finally {
      await kms.close();
    }
  });
}
