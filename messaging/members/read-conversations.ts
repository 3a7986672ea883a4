import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { LogPoint } from "../../crypto/wire/receipt.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";
import { decideConversation } from "../../policies/abilities.ts";
import { isStaff, type Actor } from "../../policies/actor.ts";
import { allowedRows } from "../../policies/lists/allowed-rows.ts";
import { assertPurpose } from "../../identity/assert-purpose.ts";
import { assertAllowed, auditDone, auditRefusals, type Act } from "../../identity/audited.ts";
import { assertSession } from "../../identity/tokens/session-end.ts";
import { ofConversation } from "../conversation-act.ts";
import { loadHead } from "../log/load-head.ts";
import { conversationsOfMember } from "./conversation-rows.ts";
import { notFound, TEAM_MEMBERS, type MessagingDeps } from "./facts.ts";

export interface ConversationView {
  readonly id: ConversationId;
  readonly suite: string;
  readonly state: "open" | "closed";
  readonly createdBy: UserId;
  readonly createdAtMs: number;
  readonly epoch: number;
  readonly members: readonly Member[];
  /** Whether its processing is restricted. It is then stored only. */
  readonly isRestricted: boolean;
}

/** A conversation with the last event of its log, on which somebody may sign an act. */
export interface ConversationWithHead extends ConversationView {
  readonly head: LogPoint;
}

// One statement reads a whole page with its members. A page that reads each conversation by itself
// takes hundreds of statements, and others wait for its connection.
const VIEW = `c.id, c.suite, c.state, c.created_by as "createdBy", c.created_at_ms as "createdAtMs",
    (select coalesce(max(epoch), 0) from epochs where conversation = c.id) as epoch,
    (select coalesce(json_agg(json_build_object('user', m.user_id, 'role', m.role, 'devices', array(
        select d.device from member_devices d
        where d.conversation = m.conversation and d.user_id = m.user_id and d.until_seq is null
        order by d.device
      )) order by m.from_seq, m.user_id), '[]')
     from members m where m.conversation = c.id and m.until_seq is null) as members,
    exists (select from restricted_conversations r where r.conversation = c.id) as "isRestricted"`;

// What the rules compare besides.
const FACTS = `c.tenant,
    array(select m.user_id from members m where m.conversation = c.id and m.until_seq is null
      and not sealdesk.is_current(m.break_glass)) as lapsed,
    array(select b.requester from break_glass b where b.conversation = c.id and b.ended_at_ms is null
      and b.granted_until_ms > sealdesk.database_now_ms()) as "brokenGlass",
    ${TEAM_MEMBERS} as "teamMembers"`;

/**
 * One conversation's members and state, never its content. Reads by staff are in the audit log.
 * @throws MessagingError conversation_not_found; IdentityError forbidden, purpose_required
 */
export function readConversation(
  deps: MessagingDeps,
  actor: Actor,
  input: { readonly conversation: ConversationId },
): Promise<ConversationWithHead> {
  const { conversation } = input;
  const act = { action: "conversation.read", resource: ofConversation(conversation) } as const;
  return auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      const { rows } = await client.query<ViewRow>(
        `select ${VIEW}, ${FACTS} from conversations c where c.id = $1`,
        [conversation],
      );
      const [row] = rows;
      if (row === undefined) throw notFound();
      const decision = decideConversation(actor, "read_members", factsOf(row));
      assertAllowed(decision);
      assertPurpose(actor, "conversations");
      await readDone(client, actor, { ...act, decision }, deps.now());
      const head = await loadHead(client, conversation, deps.now());
      if (head === undefined) throw notFound();
      return { ...viewOf(row), head: { seq: head.seq, hash: head.transcriptHash } };
    }),
  );
}

/** Ends the transaction of a read. One by staff gets an entry. All are refused if the actor's standing has changed. */
const readDone = async (
  client: Client,
  actor: Actor,
  act: Act<"conversation.read" | "conversation.list">,
  nowMs: number,
): Promise<void> => {
  if (isStaff(actor.role)) await auditDone(client, actor, act, nowMs);
  else await assertSession(client, actor);
};

interface ViewRow extends ConversationView {
  readonly tenant: TenantId;
  readonly lapsed: readonly UserId[];
  readonly brokenGlass: readonly UserId[];
  readonly teamMembers: readonly UserId[];
}

const factsOf = (row: ViewRow) => ({
  ...row,
  members: row.members.map(({ user }) => user).filter((user) => !row.lapsed.includes(user)),
});

function viewOf(row: ViewRow): ConversationView {
  const { id, suite, state, createdBy, createdAtMs, epoch, members, isRestricted } = row;
  return { id, suite, state, createdBy, createdAtMs, epoch, members, isRestricted };
}

// The conversations that the actor is a member of, among those that a policy allows.
export const listedConversations = (allowed: string): string => `
  select ${VIEW} from conversations c
  join members own on own.conversation = c.id and own.user_id = $1 and own.until_seq is null
    and sealdesk.is_current(own.break_glass)
  where ($2::bigint is null or (c.created_at_ms, c.id) > ($2, $3::uuid)) and ${allowed}
  order by c.created_at_ms, c.id limit $4`;

/**
 * Returns the actor's conversations, oldest first. Reads by staff are in the audit log. Only the last page has
 * fewer than `limit`.
 * @param input.after the last one of the previous page
 * @param input.limit at most 200
 * @throws IdentityError session_revoked, device_revoked, forbidden, policy_changed, purpose_required
 */
export function listConversations(
  deps: MessagingDeps,
  actor: Actor,
  input: {
    readonly after?: { readonly createdAtMs: number; readonly id: ConversationId } | undefined;
    readonly limit: number;
  },
): Promise<readonly ConversationView[]> {
  const act = { action: "conversation.list", resource: { type: "user", id: actor.user } } as const;
  return auditRefusals(deps, actor, act, () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      assertPurpose(actor, "conversations");
      const values: unknown[] = [
        actor.user,
        input.after?.createdAtMs ?? null,
        input.after?.id ?? null,
        Math.min(input.limit, 200),
      ];
      const allowed = allowedRows(actor, conversationsOfMember(actor.user), values);
      const { rows } = await client.query<ConversationView>(listedConversations(allowed), values);
      const details = { count: rows.length, conversations: rows.map(({ id }) => id) };
      await readDone(client, actor, { ...act, details }, deps.now());
      return rows;
    }),
  );
}
