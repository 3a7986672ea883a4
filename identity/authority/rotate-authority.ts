import { equalBytes } from "../../crypto/wire/bytes.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { LoggedAuthorityKey, NextAuthorityKey } from "./authority.ts";
import { lockAuthority, logAuthorityKey, readLoggedAuthority } from "./authority-entries.ts";
import { destroyRetired } from "./destroy-retired.ts";
import { handOverTo, nextKmsKey } from "./kms-authority.ts";

interface RotationDeps extends UseCase {
  readonly kms: Kms;
  readonly by?: OperatorActor | undefined;
}

/**
 * Lets the authority's key in the key service hand over to another one: to a new key there, or to the
 * key of a process of its own. The former key is destroyed. If that fails, `keepRetiredDestroyed` does it
 * later. Certify the staff anew afterwards, because certificates by the former key count no more.
 * @param heir the public key of the process; without it, a new key is made in the key service
 * @throws IdentityError authority_key_unknown: the key log has no key of the authority yet, or one
 *   that this key service does not hold; authority_key_used: the authority has or had this key
 */
export async function rotateAuthority(
  { pool, now, kms, by = OPERATOR }: RotationDeps,
  tenant: TenantId,
  heir?: Uint8Array,
): Promise<LoggedAuthorityKey> {
  const { current, entries, chain } = await inTransaction(pool, tenant, readLoggedAuthority);
  if (current === undefined)
    throw new IdentityError(
      "authority_key_unknown",
      "The tenant has no authority yet. The server makes its key with the first device of staff.",
    );
  // Its retirement would end the heir, too.
  if (heir !== undefined && chain.keys.some(({ entry }) => equalBytes(entry.authorityKey, heir)))
    throw new IdentityError(
      "authority_key_used",
      "The authority has or had this key. If it signs with it now, there is nothing to hand over. Otherwise hand over to a new key.",
    );
  const nowMs = now();
  const next: NextAuthorityKey =
    heir === undefined
      ? await nextKmsKey(kms, tenant, current, { version: entries + 1, atMs: nowMs })
      : {
          publicKey: heir,
          handover: await handOverTo(kms, tenant, current, { to: heir, atMs: nowMs }),
        };
  const logged = await inTransaction(pool, tenant, async (client) => {
    await lockAuthority(client, tenant);
    const { entries: still } = await readLoggedAuthority(client);
    if (still !== entries)
      throw new IdentityError(
        "authority_key_unknown",
        "Another process changed the key. Ask again.",
      );
    return logAuthorityKey(client, tenant, next, { by, nowMs });
  });
  await destroyRetired({ pool, kms }, tenant);
  return logged;
}
