import { nodeChecks } from "../../audit/node-checks.ts";
import { readLogRestores, type AskedQuorum } from "../../audit/read/log-info.ts";
import { tileRows } from "../../audit/read/tile-rows.ts";
import { KEY_TYPES } from "../../audit/verify/note.ts";
import { rangeRoots } from "../../audit/verify/log-source.ts";
import { consistencyProof } from "../../audit/verify/proofs.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { IdentityError } from "../identity-error.ts";
import { keyLogOf, readKeyLogHead, readKeyLogInfo, type KeyLogHead } from "./key-log.ts";
import type { KeyLogDeps } from "./read-key-history.ts";

/**
 * Returns the newest signed head of the tenant's key log.
 * @param asked take the newest head that a quorum of these witnesses cosigned
 * @throws IdentityError key_log_behind, key_log_not_witnessed
 */
export const readKeyLogCheckpoint = (
  { pool, logKey }: KeyLogDeps,
  { tenant }: Actor,
  asked?: AskedQuorum,
): Promise<KeyLogHead> =>
  inTransaction(pool, tenant, (client) => readKeyLogHead(client, tenant, logKey, asked));

/**
 * Returns the proof that the tree of `size` extends the tree of `old`. It consists of hashes only.
 * @throws IdentityError key_log_shorter: no such tree was signed; key_log_behind
 */
export const readKeyLogConsistency = (
  { pool, logKey }: KeyLogDeps,
  { tenant }: Actor,
  { old, size }: { readonly old: number; readonly size: number },
): Promise<readonly Uint8Array[]> =>
  inTransaction(pool, tenant, async (client) => {
    const head = await readKeyLogHead(client, tenant, logKey);
    if (old > size || size > head.size)
      throw new IdentityError("key_log_shorter", "The key log has no tree of that size.");
    const tiles = tileRows(client, keyLogOf(tenant));
    return consistencyProof(rangeRoots(nodeChecks.sha256, tiles, size), old, size);
  });

/**
 * Returns the signed statements that the tenant's key log was restored from a backup, the earliest
 * first.
 * @throws IdentityError key_log_behind
 */
export const readKeyLogRestores = (
  { pool, logKey }: KeyLogDeps,
  { tenant }: Actor,
): Promise<readonly string[]> =>
  inTransaction(pool, tenant, async (client) => {
    const { origin } = await readKeyLogInfo(client, tenant);
    const key = { name: origin, type: KEY_TYPES.ed25519, publicKey: logKey };
    return (await readLogRestores(client, key)).map(({ note }) => note);
  });
