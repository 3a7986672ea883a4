import pg from "pg";
import type { SessionId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { conversationsOfMember } from "../../../messaging/members/conversation-rows.ts";
import { listedConversations } from "../../../messaging/members/read-conversations.ts";
import type { Actor } from "../../../policies/actor.ts";
import { allowedRows } from "../../../policies/lists/allowed-rows.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { newId } from "../../testkit/ids.ts";
import { median, round } from "../statistics.ts";
import { narrowedPolicy } from "./rules.ts";

export interface ListFigures {
  readonly conversations: number;
  /** Medians of a page of 50 in milliseconds. */
  readonly plainMs: number;
  readonly allowedMs: number;
  /** The second beside the first. */
  readonly ratio: number;
}

const PAGE = 50;

/**
 * Lists 50 of an account's conversations in the middle of the list, with the conditions of its rules and
 * without, in turns.
 */
export async function measureLists(
  { ownerUrl, pool }: { readonly ownerUrl: string; readonly pool: Pool },
  conversations: number,
  turns: number,
): Promise<ListFigures> {
  const [tenant, user] = [newId<TenantId>(), newId<UserId>()];
  await seed(ownerUrl, { tenant, user, conversations });
  const actor: Actor = {
    tenant,
    user,
    role: "agent",
    policy: narrowedPolicy(),
    device: undefined,
    session: newId<SessionId>(),
    method: "password",
    signIn: unknownSignIn,
  };
  const after = [Math.floor(conversations / 2), "00000000-0000-0000-0000-000000000000"];
  const list = async (isAllowed: boolean): Promise<number> => {
    const values: unknown[] = [user, ...after, PAGE];
    const condition = isAllowed ? allowedRows(actor, conversationsOfMember(user), values) : "true";
    return inTransaction(pool, tenant, async (client) => {
      const begin = performance.now();
      const { rowCount } = await client.query(listedConversations(condition), values);
      if (rowCount !== Math.min(PAGE, conversations - Number(after[0]) + 1))
        throw new Error(`A page had ${rowCount} conversations.`);
      return performance.now() - begin;
    });
  };
  const times: { plain: number[]; allowed: number[] } = { plain: [], allowed: [] };
  for (let turn = 0; turn < turns + 3; turn++) {
    // Each is the first in every other turn.
    const first = turn % 2 === 0 ? undefined : await list(true);
    const plain = await list(false);
    const allowed = first ?? (await list(true));
    // The first ones fill caches.
    if (turn < 3) continue;
    times.plain.push(plain);
    times.allowed.push(allowed);
  }
  const [plainMs, allowedMs] = [median(times.plain), median(times.allowed)];
  return {
    conversations,
    plainMs: round(plainMs, 2),
    allowedMs: round(allowedMs, 2),
    ratio: round(allowedMs / plainMs, 2),
  };
}

/** Stores conversations of the account and one other member each. Each began a millisecond after the one before. */
async function seed(
  ownerUrl: string,
  of: { readonly tenant: TenantId; readonly user: UserId; readonly conversations: number },
): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    // Devices and other accounts are left out.
    await client.query("set session_replication_role = replica");
    await client.query(
      `insert into sealdesk.conversations (id, tenant, suite, state, created_by, creation_device, creation_signature, created_at_ms)
       select gen_random_uuid(), $1, 'signal-v1', case when n % 3 = 0 then 'closed' else 'open' end,
         gen_random_uuid(), gen_random_uuid(), decode(repeat('00', 64), 'hex'), n
       from generate_series(1, $2::int) n`,
      [of.tenant, of.conversations],
    );
    await client.query(
      `insert into sealdesk.members (tenant, conversation, user_id, role, from_seq)
       select tenant, id, unnest(array[$2::uuid, created_by]), 'agent', 1 from sealdesk.conversations where tenant = $1`,
      [of.tenant, of.user],
    );
    await client.query("analyze sealdesk.conversations, sealdesk.members");
  } finally {
    await client.end();
  }
}
