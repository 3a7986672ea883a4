import { randomBytes, randomUUID } from "node:crypto";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import { scopeAssociated } from "./associated.ts";
import { seal } from "./envelope.ts";
import type { KeystoreDeps } from "./keystore-deps.ts";
import { findScopes, insertScopes, type ScopeRow } from "./scope-rows.ts";
import { nameOf, type Scope } from "./scope.ts";
import type { SubjectKeys } from "./subject-keys.ts";

/**
 * Returns the rows of `scopes`, and creates keys for those that have none, sealed under the keys of
 * their subjects. It creates none for a subject whose key is destroyed. If another node creates the
 * same key first, its row is returned.
 * @throws KeysError kms_..., seal_broken
 */
export async function loadOrMakeScopes(
  { pool, now }: KeystoreDeps,
  subjectKeys: SubjectKeys,
  tenant: TenantId,
  scopes: readonly Scope[],
): Promise<readonly ScopeRow[]> {
  const found = await inTransaction(pool, tenant, (client) => findScopes(client, scopes));
  const known = new Set(found.map((row) => nameOf(row)));
  const missing = new Map<string, Scope>();
  for (const scope of scopes) if (!known.has(nameOf(scope))) missing.set(nameOf(scope), scope);
  if (missing.size === 0) return found;
  const wanted = [...missing.values()];
  const subjects = await subjectKeys.findOrMake(
    tenant,
    wanted.map(({ subject }) => subject),
  );
  const made = wanted.flatMap((scope) => {
    const above = subjects.get(scope.subject)?.key;
    if (above === undefined) return [];
    const id = randomUUID();
    const wrapped = seal(above, scopeAssociated(tenant, id, scope), randomBytes(32));
    return [{ ...scope, id, wrapped }];
  });
  const added = await inTransaction(pool, tenant, async (client) => {
    if (made.length > 0) await insertScopes(client, tenant, made, now());
    return findScopes(client, wanted);
  });
  return [...found, ...added];
}
