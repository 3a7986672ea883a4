import { inTransaction } from "../../db/transaction.ts";
import type { Client } from "../../db/pool.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decideConversation } from "../../policies/abilities.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { auditDone, auditListed, auditRefusals, assertAllowed } from "../actor-audit.ts";
import { currentMembers } from "../log/append-control.ts";
import { conversationFacts, type MessagingDeps } from "./facts.ts";

export interface ConversationView {
  readonly id: Uuid;
  readonly suite: string;
  readonly state: "open" | "closed";
  readonly createdBy: Uuid;
  readonly createdAtMs: number;
  readonly epoch: number;
  readonly members: readonly Member[];
}

/**
 * One conversation's members and state, never its content. Reads by staff are in the audit log.
 * @throws MessagingError conversation_not_found, forbidden
 */
export function readConversation(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly conversation: Uuid },
): Promise<ConversationView> {
  const { conversation } = input;
  const act = { action: "conversation.read", class: "R", conversation } as const;
  return auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      const facts = await conversationFacts(client, conversation);
      const decision = decideConversation(actor, "read", facts);
      assertAllowed(decision);
      if (isStaff(actor.role)) await auditDone(client, actor, act, decision, deps.now());
      return view(client, { ...facts, id: conversation });
    }),
  );
}

// The conversations that the actor is a member of. A policy decides about each of them.
const MINE = `
  select c.id, c.suite, c.state, c.created_by, c.created_at_ms
  from conversations c
  join members m on m.conversation = c.id and m.user_id = $1 and m.until_seq is null
  where ($2::bigint is null or (c.created_at_ms, c.id) > ($2, $3::uuid))
  order by c.created_at_ms, c.id limit $4`;

/**
 * The actor's conversations, oldest first. Reads by staff are in the audit log.
 * @param input.after the last one of the previous page
 * @param input.limit at most 200
 */
export function listConversations(
  deps: MessagingDeps,
  actor: Actor,
  input: {
    readonly after?: { readonly createdAtMs: number; readonly id: Uuid } | undefined;
    readonly limit: number;
  },
): Promise<readonly ConversationView[]> {
  return inTransaction(deps.pool, actor.tenant, async (client) => {
    const { rows } = await client.query(MINE, [
      actor.user,
      input.after?.createdAtMs ?? null,
      input.after?.id ?? null,
      Math.min(input.limit, 200),
    ]);
    const readable = rows.filter(
      (row) =>
        decideConversation(actor, "read", {
          tenant: actor.tenant,
          createdBy: row.created_by,
          state: row.state,
          members: [actor.user],
        }).allowed,
    );
    if (isStaff(actor.role)) await auditListed(client, actor, readable.length, deps.now());
    const views: ConversationView[] = [];
    for (const row of readable)
      views.push(
        await view(client, {
          id: row.id,
          suite: row.suite,
          state: row.state,
          createdBy: row.created_by,
          createdAtMs: row.created_at_ms,
        }),
      );
    return views;
  });
}

async function view(
  client: Client,
  facts: Omit<ConversationView, "epoch" | "members">,
): Promise<ConversationView> {
  const { rows } = await client.query(
    "select max(epoch) as epoch from epochs where conversation = $1",
    [facts.id],
  );
  const { id, suite, state, createdBy, createdAtMs } = facts;
  const members = await currentMembers(client, id);
  return { id, suite, state, createdBy, createdAtMs, epoch: rows[0]?.epoch ?? 0, members };
}
