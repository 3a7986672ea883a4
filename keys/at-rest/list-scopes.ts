import { uuidArray } from "../../db/binary-arrays.ts";
import type { Client } from "../../db/pool.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";

/** The keys of a conversation within 30 days, of all who wrote in it. */
export interface ScopePeriod {
  readonly conversation: ConversationId;
  readonly period: number;
  readonly keys: number;
}

/**
 * Returns the periods of a subject's conversations whose keys still exist, in a fixed order.
 * @param client a transaction on the keystore, which is fenced to the tenant: see `withinKeystore`
 */
export async function livingScopes(
  client: Client,
  subject: UserId,
): Promise<readonly ScopePeriod[]> {
  const { rows } = await client.query<ScopePeriod>(
    `select conversation, period, count(*)::int4 as keys from keystore.scope_keys
     where subject = $1 and wrapped is not null group by conversation, period order by conversation, period`,
    [subject],
  );
  return rows;
}

/** Returns the ids of the destroyed keys of a subject's conversations: 16 bytes each. */
export async function destroyedKeyIds(
  client: Client,
  subject: UserId,
  conversations: readonly ConversationId[],
): Promise<readonly Uint8Array[]> {
  const { rows } = await client.query<{ id: Uint8Array }>(
    `select decode(replace(id::text, '-', ''), 'hex') as id from keystore.scope_keys
     where subject = $1 and wrapped is null and conversation = any($2)`,
    [subject, uuidArray(conversations)],
  );
  return rows.map(({ id }) => id);
}
