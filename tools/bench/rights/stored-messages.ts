import { randomBytes, randomUUID } from "node:crypto";
import type pg from "pg";
import { uuidFromBytes } from "../../../crypto/wire/uuid.ts";
import { periodOf } from "../../../crypto/wire/key-period.ts";
import type { LoadConversation } from "../arrange/load-device.ts";
import type { LoadTenant } from "../arrange/tenant.ts";

// A sealed value begins with its version and the id of its key. The rest is not read here.
const MESSAGES = `
  insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
    client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash,
    previous_hash)
  select $1, c.id, n + 1, 1, c.device, 1, c.id, gen_random_uuid(), $5::int8 + n, c.sealed, $6, $6, $6, $6
  from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as c (id, device, sealed)
  cross join generate_series(1, $7::int4) n`;
const SUBJECTS = `
  insert into keystore.subject_keys (tenant, subject, kek_version, wrapped, created_at_ms)
  select $1, unnest($2::uuid[]), 1, $3, $4 on conflict do nothing`;
const SCOPES = `
  insert into keystore.scope_keys (id, tenant, subject, conversation, author, period, wrapped, created_at_ms)
  select k.id, $1, k.subject, k.conversation, k.subject, $5, $6, $7
  from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as k (id, subject, conversation)`;

const BODY_BYTES = 345;

/** Messages as they are stored, with a key for each conversation. Only their numbers matter: nobody can open them. */
export interface Stored {
  readonly conversations: readonly LoadConversation[];
  readonly messages: number;
}

/**
 * Stores `each` messages in each of `count` conversations of new people.
 * @param receivedAtMs when the first of each conversation was received
 */
export async function storeMessages(
  owner: pg.Client,
  tenant: LoadTenant,
  { count, each, receivedAtMs }: { count: number; each: number; receivedAtMs: number },
): Promise<Stored> {
  const conversations = await tenant.groups(count, 2);
  const creators = conversations.map(({ devices }) => devices[0]);
  const keyIds = conversations.map(() => randomBytes(16));
  const ids = conversations.map(({ id }) => id);
  const users = creators.map((creator) => creator?.user);
  const wrapped = randomBytes(60);
  await owner.query("select sealdesk.ensure_partitions(to_timestamp($1::float8 / 1000))", [
    receivedAtMs,
  ]);
  await owner.query(SUBJECTS, [tenant.id, users, wrapped, receivedAtMs]);
  await owner.query(SCOPES, [
    tenant.id,
    keyIds.map((bytes) => uuidFromBytes(bytes)),
    users,
    ids,
    periodOf(receivedAtMs),
    wrapped,
    receivedAtMs,
  ]);
  await owner.query(MESSAGES, [
    tenant.id,
    ids,
    creators.map((creator) => creator?.device ?? randomUUID()),
    keyIds.map((keyId) => Buffer.concat([Buffer.of(1), keyId, randomBytes(BODY_BYTES - 17)])),
    receivedAtMs,
    randomBytes(32),
    each,
  ]);
  return { conversations, messages: count * each };
}

/** Writes what was stored, so that the measurement that follows does not wait for it. */
export async function settleStored(owner: pg.Client): Promise<void> {
  await owner.query("vacuum (analyze) sealdesk.events");
  await owner.query("checkpoint");
}
