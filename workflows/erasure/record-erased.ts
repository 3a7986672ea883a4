import { isId, type CaseId, type ConversationId, type TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { periodRange } from "../../crypto/wire/key-period.ts";
import { recordItems } from "./erasure-rows.ts";

/** A period of a conversation whose keys were destroyed. */
interface ErasedScope {
  readonly conversation: ConversationId;
  readonly period: number;
}

/**
 * Records in an erasure what an entry of the ledger destroyed, and leaves the messages to `countRecords`. A database that
 * was restored may not have the case: then there is nothing to record.
 * @param act of the entry: the id of the case, a colon, and the number of the step
 * @param keys how many keys a period had
 * @param entry the id of the audit entry
 */
export async function recordErased(
  client: Client,
  tenant: TenantId,
  { act, scopes }: { readonly act: string; readonly scopes: readonly ErasedScope[] },
  keys: (scope: ErasedScope) => number,
  entry: number,
  atMs: number,
): Promise<void> {
  const [id] = act.split(":");
  if (!isId<CaseId>(id)) return;
  const { rowCount } = await client.query("select from erasures where case_id = $1", [id]);
  if (rowCount === 0) return;
  for (const scope of scopes)
    await recordItems(client, tenant, id, [
      {
        kind: "messages",
        item: scope.conversation,
        period: scope.period,
        outcome: "erased",
        records: 0,
        keys: keys(scope),
        atMs,
        entry,
      },
    ]);
}

/**
 * Counts the messages of each period that an erasure has destroyed or keeps. The steps that destroy do not, so that they
 * take no longer if there are many.
 */
export async function countRecords(client: Client, id: CaseId): Promise<void> {
  const { rows } = await client.query<ErasedScope>(
    "select item as conversation, period from erasure_items where case_id = $1 and kind = 'messages'",
    [id],
  );
  for (const scope of rows)
    await client.query(
      `update erasure_items set records = $4
       where case_id = $1 and kind = 'messages' and item = $2 and period = $3`,
      [id, scope.conversation, scope.period, await countMessages(client, scope)],
    );
}

/** Returns the number of messages that were received in a period. */
export async function countMessages(
  client: Client,
  { conversation, period }: ErasedScope,
): Promise<number> {
  const { fromMs, untilMs } = periodRange(period);
  const { rows } = await client.query<{ count: number }>(
    `select count(*) from events
     where conversation = $1 and kind = 1 and received_at_ms >= $2 and received_at_ms < $3`,
    [conversation, fromMs, untilMs],
  );
  return rows[0]?.count ?? 0;
}
