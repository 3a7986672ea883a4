import type { Client } from "../../db/pool.ts";
import type { RecordedApiKey } from "../administration/recorded-api-key.ts";

/** Returns every key of the operator as the operator's log has them. */
export async function readRecordedOperatorKeys(client: Client): Promise<readonly RecordedApiKey[]> {
  const { rows } = await client.query<RecordedApiKey>(
    `select id, scopes, encode(secret_hash, 'hex') as "secretHash", expires_at_ms as "expiresAtMs"
     from operator_keys order by id`,
  );
  return rows;
}
