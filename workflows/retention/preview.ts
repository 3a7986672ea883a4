import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Client } from "../../db/pool.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideRetention, isShorter, type RetentionRule } from "../../policies/retention.ts";
import { assertKeepsLocks } from "./save-schedule.ts";
import { ofRetention, printedRules, readRules } from "./stored-schedule.ts";

/** What has expired at a time, by a schedule. */
export interface Expired {
  readonly conversations: number;
  readonly messages: number;
  readonly attachments: number;
  /** The bytes of the messages as they are stored. */
  readonly bytes: number;
  /** The messages among them that holds preserve. */
  readonly held: number;
}

/** The effect at one time, in milliseconds since the Unix epoch. */
export interface Effect {
  readonly atMs: number;
  readonly before: Expired;
  readonly after: Expired;
}

export interface RetentionPreview {
  /** Whether another person must approve the version, because it ends records earlier. */
  readonly isShortening: boolean;
  readonly effects: readonly Effect[];
}

/** The times after now that a preview shows, in days. */
const AFTER_DAYS = [0, 30, 365] as const;
const DAY_MS = 86_400_000;

const COUNT = `
  with ended as materialized (
    select c.id, r, coalesce((
      select range_agg(int8range(h.from_ms, h.until_ms)) from sealdesk.held_ranges(c.id, c.created_by) h), '{}') as held
    from conversations c cross join lateral unnest(sealdesk.expired_ranges(c.id, $1::jsonb, $2::int8)) r)
  select count(distinct e.conversation)::integer as conversations, count(*)::integer as messages,
    coalesce(sum(length(e.ciphertext)), 0)::bigint as bytes,
    (count(*) filter (where ended.held @> e.received_at_ms))::integer as held,
    (select count(distinct a.id)::integer from attachments a join ended x on x.id = a.conversation
      where a.state = 'complete' and sealdesk.attachment_at_ms(a.conversation, a.device, a.seq, a.expires_at_ms) <@ x.r) as attachments
  from ended join events e on e.conversation = ended.id and e.kind = 1
    and e.received_at_ms >= lower(ended.r) and e.received_at_ms < upper(ended.r)`;

/**
 * Returns what a schedule would change if it were saved now: how much has expired by the schedule in force and by the
 * new one, now and later. Nothing is saved.
 * @throws WorkflowError retention_locked; IdentityError forbidden, device_required
 */
export function previewSchedule(
  deps: UseCase,
  party: Party,
  rules: readonly RetentionRule[],
): Promise<RetentionPreview> {
  const tenant = tenantOf(party);
  const details = { rules: printedRules(rules) };
  const act = { action: "retention.preview", resource: ofRetention(tenant), details } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    note(assertParty(party, (actor) => decideRetention(actor, "save", { tenant })));
    await assertKeepsLocks(client, rules);
    const before = await readRules(client);
    const nowMs = await readDatabaseClock(client);
    const effects: Effect[] = [];
    for (const days of AFTER_DAYS) {
      const atMs = nowMs + days * DAY_MS;
      effects.push({
        atMs,
        before: await countExpired(client, before, atMs),
        after: await countExpired(client, rules, atMs),
      });
    }
    return { isShortening: isShorter(before, rules), effects };
  });
}

async function countExpired(
  client: Client,
  rules: readonly RetentionRule[],
  atMs: number,
): Promise<Expired> {
  const { rows } = await client.query<Expired>(COUNT, [JSON.stringify(rules), atMs]);
  return rows[0] ?? { conversations: 0, messages: 0, attachments: 0, bytes: 0, held: 0 };
}
