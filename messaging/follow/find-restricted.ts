import { uuidArray } from "../../db/binary-arrays.ts";
import type { Pool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";

/** A conversation whose processing is restricted. */
export interface Restricted {
  readonly conversation: ConversationId;
  /** Who may open it nevertheless: the custodians of the holds that cover it. */
  readonly restrictedTo: readonly UserId[];
}

const RESTRICTED = `
  select conversation, sealdesk.custodians_of(conversation) as "restrictedTo"
  from restricted_conversations where conversation = any($1::uuid[]) group by conversation`;

/** Returns those of the conversations whose processing is restricted. */
export async function findRestricted(
  pool: Pool,
  tenant: TenantId,
  conversations: readonly ConversationId[],
): Promise<readonly Restricted[]> {
  const { rows } = await inTransaction(pool, tenant, (client) =>
    client.query<Restricted>(RESTRICTED, [uuidArray(conversations)]),
  );
  return rows;
}
