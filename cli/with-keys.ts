import type { TenantId } from "../crypto/wire/ids.ts";
import { assertReachable } from "../db/assert-reachable.ts";
import type { Pool } from "../db/pool.ts";
import { Profiles } from "../identity/accounts/profiles.ts";
import { openKeyTree } from "../keys/at-rest/key-tree.ts";
import type { Secret } from "../keys/secret.ts";
import type { KeystoreDeps } from "../keys/at-rest/keystore-deps.ts";
import type { ScopeKeys } from "../keys/at-rest/scope-keys.ts";
import type { SubjectKeys } from "../keys/at-rest/subject-keys.ts";
import { openKms } from "../keys/kms/open-kms.ts";
import { ServerKeys } from "../keys/server-keys/server-keys.ts";
import { namedTenant } from "./named-tenant.ts";
import type { Settings } from "./settings.ts";
import { withDatabase } from "./with-database.ts";

/** The dependencies of a command that works on one tenant's keys. */
export interface CommandKeys {
  readonly keystore: KeystoreDeps;
  readonly subjects: SubjectKeys;
  readonly scopes: ScopeKeys;
  readonly profiles: Profiles;
  readonly blindIndexKeys: () => readonly Secret<Uint8Array>[];
  readonly data: Pool;
  /** A login that may act as sealdesk_owner. */
  readonly ownerUrl: string;
  readonly tenant: TenantId;
}

/** Runs `work` with the keystore and the key service, opened as the server opens them. */
export async function withKeys<T>(
  settings: Settings,
  slug: string,
  work: (keys: CommandKeys) => Promise<T>,
): Promise<T> {
  return withDatabase(settings, async ({ ownerUrl, pool }) => {
    const tenant = await namedTenant(pool, slug);
    if (settings.keystore !== undefined) await assertReachable(settings.keystore);
    const { kms, firstKeys } = await openKms(settings.kms());
    const serverKeys = await ServerKeys.open({ pool, kms, now: Date.now, firstKeys });
    const keystore = await openKeyTree({
      url: settings.keystore?.url ?? ownerUrl,
      kms,
      now: Date.now,
      onLost: () => undefined,
    });
    const { subjects, scopes } = keystore;
    const blindIndexKeys = () => serverKeys.blindIndexKeys;
    const profiles = new Profiles(subjects, blindIndexKeys);
    try {
      return await work({
        keystore,
        subjects,
        scopes,
        profiles,
        blindIndexKeys,
        data: pool,
        ownerUrl,
        tenant: tenant.id,
      });
    } finally {
      await keystore.close();
      await kms.close();
    }
  });
}
