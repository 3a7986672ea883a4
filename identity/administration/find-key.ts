import { timingSafeEqual } from "node:crypto";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import { hashOfSecret, type KeyToken } from "./key-token.ts";

const DAY_MS = 86_400_000;

/** A key as it is stored. */
export interface KeyRow {
  readonly scopes: readonly string[];
  readonly secretHash: Uint8Array;
  readonly expiresAtMs: number;
  readonly lastUsedDay: number | null;
}

/**
 * Returns the key whose id and secret the token has, and notes the day of its use.
 * @param fence the tenant whose keys are searched
 */
export function findKey(
  { pool, now }: UseCase,
  table: "api_keys" | "operator_keys",
  fence: TenantId,
  token: KeyToken | undefined,
): Promise<KeyRow | undefined> {
  return inTransaction(pool, fence, async (client) => {
    const { rows } = await client.query<KeyRow>(
      `select scopes, secret_hash as "secretHash", expires_at_ms as "expiresAtMs",
         last_used_day as "lastUsedDay" from ${table} where id = $1`,
      [token?.id ?? ""],
    );
    const [row] = rows;
    if (row === undefined || token === undefined) return undefined;
    if (!timingSafeEqual(hashOfSecret(token), row.secretHash)) return undefined;
    const day = Math.floor(now() / DAY_MS);
    if (row.expiresAtMs > now() && row.lastUsedDay !== day)
      await client.query(`update ${table} set last_used_day = $2 where id = $1`, [token.id, day]);
    return row;
  });
}
