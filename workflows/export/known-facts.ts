import type { CaseId, ConversationId, DeviceId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { readLocks, readRules } from "../retention/stored-schedule.ts";

interface DeviceFact {
  readonly id: DeviceId;
  readonly registeredAtMs: number;
  readonly removedAtMs: number | null;
}
interface SessionFact {
  readonly method: string;
  readonly beganAtMs: number;
  readonly endedAtMs: number | null;
}
interface ConversationFact {
  readonly id: ConversationId;
  readonly beganAtMs: number;
  readonly state: string;
  readonly seen: readonly { readonly fromSeq: number; readonly untilSeq: number | null }[];
}
interface ConsentFact {
  readonly number: number;
  readonly purpose: string;
  readonly state: string;
  readonly conversation: ConversationId | null;
  readonly noticeVersion: number | null;
  readonly noticeLanguage: string | null;
  readonly expiresAtMs: number | null;
  readonly receivedAtMs: number;
}
interface NoticeFact {
  readonly version: number;
  readonly language: string;
  readonly shownAtMs: number;
}
interface RecipientFact {
  readonly user: UserId;
  readonly role: string;
  readonly conversations: number;
}
interface RequestFact {
  readonly id: CaseId;
  readonly right: string;
  readonly law: string;
  readonly state: string;
  readonly receivedAtMs: number;
  readonly dueAtMs: number;
  readonly extensionReason: string | null;
  readonly refusalGround: string | null;
  readonly endedAtMs: number | null;
}

const DEVICES = `
  select id, created_at_ms as "registeredAtMs", revoked_at_ms as "removedAtMs" from devices
  where user_id = $1 order by created_at_ms, id`;
const SESSIONS = `
  select method, created_at_ms as "beganAtMs", least(revoked_at_ms, expires_at_ms) as "endedAtMs" from sessions
  where user_id = $1 order by created_at_ms, id`;
const CONVERSATIONS = `
  select c.id, c.created_at_ms as "beganAtMs", c.state,
    (select json_agg(json_build_object('fromSeq', m.from_seq, 'untilSeq', m.until_seq) order by m.from_seq)
      from members m where m.conversation = c.id and m.user_id = $1) as seen
  from conversations c
  where exists (select from members m where m.conversation = c.id and m.user_id = $1)
  order by c.created_at_ms, c.id`;
const CONSENTS = `
  select number, purpose, state, conversation, notice_version as "noticeVersion",
    notice_language as "noticeLanguage", expires_at_ms as "expiresAtMs", received_at_ms as "receivedAtMs"
  from consents where user_id = $1 order by number`;
const NOTICES = `
  select version, language, received_at_ms as "shownAtMs" from notice_views
  where user_id = $1 order by received_at_ms, version, language`;
const RECIPIENTS = `
  select m.user_id as user, min(m.role) as role, count(distinct m.conversation)::integer as conversations
  from members m
  where m.user_id <> $1 and exists (select from members own where own.conversation = m.conversation and own.user_id = $1
    and own.from_seq <= coalesce(m.until_seq, own.from_seq) and m.from_seq <= coalesce(own.until_seq, m.from_seq))
  group by m.user_id order by min(m.from_seq), m.user_id`;
const REQUESTS = `
  select r.id, r."right", r.law, c.state, r.received_at_ms as "receivedAtMs", c.due_at_ms as "dueAtMs",
    r.extension_reason as "extensionReason", r.refusal_ground as "refusalGround", c.ended_at_ms as "endedAtMs"
  from requests r join cases c on c.tenant = r.tenant and c.id = r.id
  where c.subject = $1 order by r.received_at_ms, r.id`;

/** Reads what the database says about a person, in milliseconds since the Unix epoch. Legal holds are not told to the person, so they are not in it. */
export async function readKnownFacts(client: Client, tenant: TenantId, subject: UserId) {
  const rowsOf = async <T extends object>(text: string): Promise<readonly T[]> =>
    (await client.query<T>(text, [subject])).rows;
  const { rows } = await client.query<{ slug: string }>("select slug from tenants where id = $1", [
    tenant,
  ]);
  return {
    organisation: rows[0]?.slug ?? "",
    devices: await rowsOf<DeviceFact>(DEVICES),
    sessions: await rowsOf<SessionFact>(SESSIONS),
    conversations: await rowsOf<ConversationFact>(CONVERSATIONS),
    consents: await rowsOf<ConsentFact>(CONSENTS),
    notices: await rowsOf<NoticeFact>(NOTICES),
    recipients: await rowsOf<RecipientFact>(RECIPIENTS),
    decisions: await rowsOf<RequestFact>(REQUESTS),
    retention: (await readRules(client)).map(({ dataClass, team, region, days }) => ({
      dataClass: dataClass ?? null,
      team: team ?? null,
      region: region ?? null,
      days,
    })),
    retentionLocks: (await readLocks(client)).map(({ days, citation }) => ({ days, citation })),
  };
}
