import type { Client } from "../../db/pool.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { int4Array, int8Array, uuidArray } from "../../db/binary-arrays.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import {
  nilId,
  type TenantId,
  type UserId,
  type DeviceId,
  type ConversationId,
} from "../../crypto/wire/ids.ts";
import type { Role } from "../../policies/actor.ts";
import type { SenderKeyFacts } from "../../policies/admission.ts";
import type { Sanction } from "../../policies/sanctions.ts";
import type { ConversationHead } from "./head.ts";

const HEADS = `
  select c.id, c.tenant, c.state, c.created_by as subject, person.fenced_at_ms is not null as fenced,
    exists (select from restricted_conversations r where r.conversation = c.id) as restricted, t.key_max_messages, t.key_max_age_ms,
    coalesce(epoch.epoch, 0) as epoch,
    coalesce(last.seq, 0) as seq, last.transcript_hash, coalesce(last.received_at_ms, 0) as received_at_ms,
    array(select device from member_devices where conversation = c.id and until_seq is null order by device) as devices,
    array(select user_id from member_devices where conversation = c.id and until_seq is null order by device) as authors,
    array(select case when sealdesk.is_current(md.break_glass) then b.granted_until_ms else 0 end from member_devices md
      left join break_glass b on b.tenant = md.tenant and b.id = md.break_glass
      where md.conversation = c.id and md.until_seq is null order by md.device) as untils,
    array(select u.role from member_devices md join users u on u.id = md.user_id
      where md.conversation = c.id and md.until_seq is null order by md.device) as roles,
    array(select sealdesk.sanction_on(user_id, device) from member_devices
      where conversation = c.id and until_seq is null order by device) as sanctions,
    array(select distinct device from member_devices where conversation = c.id and until_seq is not null) as former
  from conversations c
  join tenants t on t.id = c.tenant
  join users person on person.tenant = c.tenant and person.id = c.created_by
  left join lateral (
    select max(epoch) as epoch from epochs where conversation = c.id) epoch on true
  left join lateral (
    select seq, transcript_hash, received_at_ms from events
    where conversation = c.id and kind > 0 order by seq desc limit 1) last on true
  where c.id = any($1::uuid[])`;

interface HeadRow {
  readonly id: ConversationId;
  readonly tenant: TenantId;
  readonly state: "open" | "closed";
  readonly subject: UserId;
  readonly fenced: boolean;
  readonly restricted: boolean;
  readonly key_max_messages: number;
  readonly key_max_age_ms: number;
  readonly epoch: number;
  readonly seq: number;
  /** Null if the log is empty. */
  readonly transcript_hash: Buffer | null;
  readonly received_at_ms: number;
  readonly devices: readonly DeviceId[];
  /** The account of each of the devices, and its role. */
  readonly authors: readonly UserId[];
  readonly roles: readonly Role[];
  /** When the access of each ends by which it became a member; 0 if it is over by the database's clock. The driver leaves 64-bit integers in arrays as text. */
  readonly untils: readonly (string | null)[];
  readonly sanctions: readonly (Sanction | null)[];
  readonly former: readonly DeviceId[];
}

const KEYS = `
  select k.conversation, k.key_id, k.device, k.epoch, k.started_at_ms,
    (select count(*) from events e
      where e.conversation = k.conversation and e.seq >= k.first_seq
        and e.received_at_ms >= k.started_at_ms and e.key_id = k.key_id and e.kind = 1) as messages
  from unnest($1::uuid[], $2::int4[], $3::int8[]) as head (conversation, epoch, after_ms)
  join sender_keys k on k.conversation = head.conversation
  where (k.epoch = head.epoch and k.started_at_ms > head.after_ms) or k.key_id = any($4::uuid[])`;

interface KeyRow {
  readonly conversation: ConversationId;
  readonly key_id: Uuid;
  readonly device: DeviceId;
  readonly epoch: number;
  readonly started_at_ms: number;
  readonly messages: number;
}

/**
 * Reads heads of one tenant's conversations inside the caller's transaction or fence.
 * @param keyIds keys to include even if they are expired or belong to an earlier epoch
 * @returns the heads found, by conversation
 */
export async function loadHeads(
  client: Client,
  conversations: readonly ConversationId[],
  nowMs: number,
  keyIds: readonly Uuid[] = [],
): Promise<ReadonlyMap<ConversationId, ConversationHead>> {
  const { rows } = await client.query<HeadRow>(HEADS, [uuidArray(conversations)]);
  const keys = await client.query<KeyRow>(KEYS, [
    uuidArray(rows.map((row) => row.id)),
    int4Array(rows.map((row) => row.epoch)),
    int8Array(rows.map((row) => nowMs - row.key_max_age_ms)),
    uuidArray(keyIds),
  ]);
  const keysOf = new Map<ConversationId, Map<Uuid, SenderKeyFacts>>();
  for (const key of keys.rows) {
    const known = keysOf.get(key.conversation) ?? new Map<Uuid, SenderKeyFacts>();
    keysOf.set(key.conversation, known);
    known.set(key.key_id, {
      device: key.device,
      epoch: key.epoch,
      startedAtMs: key.started_at_ms,
      messages: key.messages,
    });
  }
  return new Map(
    rows.map((row): [ConversationId, ConversationHead] => {
      const devices = new Set(row.devices);
      return [
        row.id,
        {
          tenant: row.tenant,
          conversation: row.id,
          subject: row.subject,
          isFenced: row.fenced,
          isRestricted: row.restricted,
          authors: new Map(
            row.devices.map((device, index) => [
              device,
              {
                tenant: row.tenant,
                user: row.authors[index] ?? nilId(),
                role: row.roles[index] as Role,
                untilMs: untilOf(row.untils[index]),
                sanction: row.sanctions[index] ?? undefined,
              },
            ]),
          ),
          state: row.state,
          epoch: row.epoch,
          keyMaxMessages: row.key_max_messages,
          keyMaxAgeMs: row.key_max_age_ms,
          seq: row.seq,
          transcriptHash: row.transcript_hash ?? zeroHash,
          receivedAtMs: row.received_at_ms,
          devices,
          formerDevices: new Set(row.former.filter((device) => !devices.has(device))),
          keys: keysOf.get(row.id) ?? new Map<Uuid, SenderKeyFacts>(),
          recent: [],
        },
      ];
    }),
  );
}

const untilOf = (text: string | null | undefined): number | undefined =>
  text === null || text === undefined ? undefined : Number(text);

/** One conversation's head, or undefined if the tenant has no such conversation. */
export async function loadHead(
  client: Client,
  conversation: ConversationId,
  nowMs: number,
): Promise<ConversationHead | undefined> {
  return (await loadHeads(client, [conversation], nowMs)).get(conversation);
}
