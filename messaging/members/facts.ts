import type { Client, Pool } from "../../db/pool.ts";
import type { TenantId, UserId, ConversationId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { ScopeKeys } from "../../keys/at-rest/scope-keys.ts";
import type { ConversationFacts } from "../../policies/abilities.ts";
import { isArchiver, type Subject } from "../../policies/actor.ts";
import type { OpenConversationLimits } from "../../policies/conversation-limits.ts";
import { mayArchiveIn } from "../consents/consent-in-force.ts";
import type { ConversationLog } from "../log/conversation-log.ts";
import { MessagingError } from "../messaging-error.ts";
import { restrictedTo } from "./restricted-to.ts";

/** The dependencies of every membership use case. */
export interface MessagingDeps {
  readonly pool: Pool;
  readonly log: ConversationLog;
  /** Decrypts what is stored. */
  readonly scopeKeys: ScopeKeys;
  readonly openConversations: OpenConversationLimits;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The place of a change in the log, as the caller is told. */
export interface LogPosition {
  readonly epoch: number;
  readonly seq: number;
}

interface FactsRow {
  readonly tenant: TenantId;
  readonly suite: string;
  readonly state: "open" | "closed";
  readonly created_by: UserId;
  readonly created_at_ms: number;
  readonly members: readonly UserId[];
  readonly lapsed: readonly UserId[];
  readonly brokenGlass: readonly UserId[];
  readonly membersByBreakGlass: readonly UserId[];
  readonly teamMembers: readonly UserId[];
  readonly restrictedTo: readonly UserId[] | null;
}

/** The accounts in the team with which the conversation `c` is classified now. */
export const TEAM_MEMBERS = `
  array(select t.user_id from team_members t where t.team = (
    select k.team from classifications k where k.conversation = c.id order by k.from_ms desc limit 1))`;

/**
 * Returns the facts for a decision about a conversation.
 * @throws MessagingError conversation_not_found
 */
export async function conversationFacts(
  client: Client,
  conversation: ConversationId,
): Promise<ConversationFacts & { readonly suite: string; readonly createdAtMs: number }> {
  const { rows } = await client.query<FactsRow>(
    `select tenant, suite, state, created_by, created_at_ms,
       array(select user_id from members where conversation = c.id and until_seq is null
         and sealdesk.is_current(break_glass)) as members,
       array(select user_id from members where conversation = c.id and until_seq is null
         and not sealdesk.is_current(break_glass)) as lapsed,
       array(select user_id from members where conversation = c.id and until_seq is null
         and break_glass is not null and sealdesk.is_current(break_glass)) as "membersByBreakGlass",
       array(select requester from break_glass where conversation = c.id and ended_at_ms is null
         and granted_until_ms > sealdesk.database_now_ms()) as "brokenGlass",
       ${TEAM_MEMBERS} as "teamMembers", ${restrictedTo("c.id")} as "restrictedTo"
     from conversations c where id = $1`,
    [conversation],
  );
  const [row] = rows;
  if (row === undefined) throw notFound();
  return {
    tenant: row.tenant,
    suite: row.suite,
    state: row.state,
    createdBy: row.created_by,
    createdAtMs: row.created_at_ms,
    members: row.members,
    lapsed: row.lapsed,
    brokenGlass: row.brokenGlass,
    membersByBreakGlass: row.membersByBreakGlass,
    teamMembers: row.teamMembers,
    restrictedTo: row.restrictedTo ?? undefined,
  };
}

/** Returns the facts for a decision about making a user a member, or about removing one. */
export async function membershipFacts(client: Client, conversation: ConversationId, user: UserId) {
  const facts = await conversationFacts(client, conversation);
  const [subject] = await subjectsOf(client, [user]);
  const isArchived = subject !== undefined && isArchiver(subject.role);
  const mayArchive = isArchived && (await mayArchiveIn(client, facts.createdBy, conversation));
  return { ...facts, subject, mayArchive };
}

/** Returns the accounts of the tenant among `users`, with their roles. Unknown ids are left out. */
export async function subjectsOf(client: Client, users: readonly UserId[]): Promise<Subject[]> {
  const { rows } = await client.query<Subject>(
    `select id as "user", role from users where id = any($1::uuid[])`,
    [users],
  );
  return rows;
}

export const notFound = (): MessagingError =>
  new MessagingError("conversation_not_found", "There is no such conversation.");

const ENROL = `
  insert into members (tenant, conversation, user_id, role, from_seq, break_glass)
  select $1, $2, user_id, role, $3, $6 from unnest($4::uuid[], $5::text[]) as m (user_id, role)`;
const ENROL_DEVICES = `
  insert into member_devices (tenant, conversation, device, user_id, from_seq, break_glass)
  select tenant, $1, id, user_id, $2, $4 from devices
  where user_id = any($3::uuid[]) and revoked_at_ms is null`;

/**
 * Makes users members, with all their devices, from event `seq` on.
 * @param breakGlass the access in an emergency with which the membership ends, if it begins by one
 */
export async function enrolMembers(
  client: Client,
  into: { readonly tenant: TenantId; readonly conversation: ConversationId; readonly seq: number },
  subjects: readonly Subject[],
  breakGlass?: Uuid,
): Promise<void> {
  const { tenant, conversation, seq } = into;
  const users = subjects.map(({ user }) => user);
  const roles = subjects.map(({ role }) => role);
  await client.query(ENROL, [tenant, conversation, seq, users, roles, breakGlass ?? null]);
  await client.query(ENROL_DEVICES, [conversation, seq, users, breakGlass ?? null]);
}
