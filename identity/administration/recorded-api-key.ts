import type { Client } from "../../db/pool.ts";

/** An API key as the audit log has it. */
export type RecordedApiKey = {
  readonly id: string;
  readonly scopes: readonly string[];
  /** SHA-256 of the secret, in hexadecimal digits. */
  readonly secretHash: string;
  /** Milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
};

/** Returns every API key of the tenant to which the transaction is fenced. */
export async function readRecordedApiKeys(client: Client): Promise<readonly RecordedApiKey[]> {
  const { rows } = await client.query<RecordedApiKey>(
    `select id, scopes, encode(secret_hash, 'hex') as "secretHash", expires_at_ms as "expiresAtMs"
     from api_keys order by id`,
  );
  return rows;
}
