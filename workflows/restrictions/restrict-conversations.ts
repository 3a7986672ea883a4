import { uuidArray } from "../../db/binary-arrays.ts";
import type { CaseId, ConversationId, TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { fenceConversations } from "../../messaging/log/fence-conversations.ts";

const RESTRICT = `
  insert into restricted_conversations (tenant, conversation, case_id, since_ms)
  select $1, conversation, $2, $4 from unnest($3::uuid[]) as asked (conversation)
  on conflict do nothing`;

/**
 * Restricts the processing of conversations in the caller's transaction: from its commit on, all nodes store nothing more
 * in them and show their content to the custodians of holds alone. A repeat changes nothing.
 * @param by the case that demands it
 * @param nowMs the time of the database, in milliseconds since the Unix epoch
 */
export async function restrictConversations(
  client: Client,
  tenant: TenantId,
  { by, conversations }: { readonly by: CaseId; readonly conversations: readonly ConversationId[] },
  nowMs: number,
): Promise<void> {
  if (conversations.length === 0) return;
  await client.query(RESTRICT, [tenant, by, uuidArray(conversations), nowMs]);
  await fenceConversations(client, tenant, { conversations }, nowMs);
}
