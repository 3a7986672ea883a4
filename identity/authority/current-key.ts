import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Authority, LoggedAuthorityKey } from "./authority.ts";
import { lockAuthority, logAuthorityKey, readLoggedAuthority } from "./authority-entries.ts";

export interface AuthorityDeps extends UseCase {
  readonly authority: Authority;
}

/**
 * Returns the key that the tenant's authority signs with. Keys that the key log does not have yet
 * are put there first, so nothing is ever signed by a key that is not logged.
 * @throws as `Authority.keysAfter`
 */
export async function currentAuthorityKey(
  { pool, now, authority }: AuthorityDeps,
  tenant: TenantId,
): Promise<LoggedAuthorityKey> {
  for (;;) {
    const { current, entries } = await inTransaction(pool, tenant, readLoggedAuthority);
    if (current === undefined && entries > 0)
      throw new IdentityError(
        "authority_key_unknown",
        "The key log has entries about the authority, and none of them adds a key.",
      );
    const next = await authority.keysAfter(tenant, current);
    if (next.length === 0 && current !== undefined) return current;
    const logged = await inTransaction(pool, tenant, async (client) => {
      await lockAuthority(client, tenant);
      const { current: still } = await readLoggedAuthority(client);
      // Another node was first. It logged the same keys, or later ones.
      if (!isSame(still, current)) return undefined;
      let last = current;
      for (const key of next)
        last = await logAuthorityKey(client, tenant, key, { by: "authority", nowMs: now() });
      return last;
    });
    if (logged !== undefined) return logged;
  }
}

const isSame = (
  one: LoggedAuthorityKey | undefined,
  other: LoggedAuthorityKey | undefined,
): boolean =>
  one?.version === other?.version &&
  (one === undefined || (other !== undefined && equalBytes(one.publicKey, other.publicKey)));
