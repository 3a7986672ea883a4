import { equalBytes } from "../../crypto/wire/bytes.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Kms } from "../../keys/kms/kms.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { Heir, LoggedAuthorityKey } from "./authority.ts";
import { lockAuthority, logAuthorityKey, readLoggedAuthority } from "./authority-entries.ts";
import { destroyRetired } from "./destroy-retired.ts";
import { kmsHeir, signHandover } from "./kms-authority.ts";

interface RotationDeps extends UseCase {
  readonly kms: Kms;
  readonly by?: OperatorActor | undefined;
}

/**
 * Lets the authority's key in the key service hand over to another one: to a new key there, or to the
 * key of a process of its own. The former key is destroyed. If that fails, `keepRetiredDestroyed` does it
 * later. Certify the staff anew afterwards, because certificates by the former key count no more.
 * @param ofProcess the key of the process; without it, a new key is made in the key service
 * @throws IdentityError authority_key_unknown: the key log has no key of the authority yet, or one
 *   that this key service does not hold; authority_key_used: the authority has or had this key;
 *   handover_not_agreed: the operator of the process did not say that its key follows the present one
 */
export async function rotateAuthority(
  { pool, now, kms, by = OPERATOR }: RotationDeps,
  tenant: TenantId,
  ofProcess?: Heir,
): Promise<LoggedAuthorityKey> {
  const { current, entries, chain } = await inTransaction(pool, tenant, readLoggedAuthority);
  if (current === undefined)
    throw new IdentityError(
      "authority_key_unknown",
      "The tenant has no authority yet. The server makes its key with the first device of staff.",
    );
  const version = entries + 1;
  const heir = ofProcess ?? (await kmsHeir(kms, tenant, version));
  // Its retirement would end the heir, too.
  if (chain.keys.some(({ entry }) => equalBytes(entry.authorityKey, heir.publicKey)))
    throw new IdentityError(
      "authority_key_used",
      "The authority has or had this key. If it signs with it now, there is nothing to hand over. Otherwise hand over to a new key.",
    );
  const nowMs = now();
  const keys = { from: current.publicKey, to: heir.publicKey };
  const handover = { tenant, ...keys, version, atMs: nowMs };
  const signatures = {
    former: await signHandover(kms, current.version, handover),
    next: await heir.follow(handover),
  };
  const next = { publicKey: heir.publicKey, handover: signatures };
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
