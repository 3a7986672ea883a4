import { generateKeyPairSync, randomBytes, randomUUID } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import pg from "pg";
import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import { encodeControl } from "../../../crypto/wire/frame.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { idOf, newId } from "../../testkit/ids.ts";

/** A registered device. A client process speaks for it. */
export interface StormDevice {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: Uuid;
  readonly conversation: ConversationId;
  /** The device key, including the private part. */
  readonly key: JWK;
  readonly thumbprint: string;
}

const STATEMENTS = {
  users: `insert into sealdesk.users (id, tenant, role, created_at_ms)
    select id, $1, 'agent', $3 from unnest($2::uuid[]) as id`,
  devices: `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key,
      identity_key, receipt_key, certificate, created_at_ms)
    select d.id, $1, d.user_id, 1, d.key, d.key || '\\x00', d.key, d.key || d.key, $5
    from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as d (id, user_id, key)`,
  sessions: `insert into sealdesk.sessions (id, tenant, user_id, device_key_thumbprint, method,
      created_at_ms, expires_at_ms)
    select s.id, $1, s.user_id, s.thumbprint, 'password', $5::int8, $5::int8 + 43200000
    from unnest($2::uuid[], $3::uuid[], $4::text[]) as s (id, user_id, thumbprint)`,
  conversations: `insert into sealdesk.conversations (id, tenant, suite, created_by, creation_device,
      creation_signature, created_at_ms)
    select c.id, $1, 'signal-v1', c.user_id, c.device, $5, $6
    from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as c (id, user_id, device)`,
  members: `insert into sealdesk.members (tenant, conversation, user_id, role, from_seq)
    select $1, m.conversation, m.user_id, 'agent', 1
    from unnest($2::uuid[], $3::uuid[]) as m (conversation, user_id)`,
  memberDevices: `insert into sealdesk.member_devices (tenant, conversation, device, user_id, from_seq)
    select $1, m.conversation, m.device, m.user_id, 1
    from unnest($2::uuid[], $3::uuid[], $4::uuid[]) as m (conversation, device, user_id)`,
  epochs: `insert into sealdesk.epochs (tenant, conversation, epoch, from_seq, devices)
    select tenant, conversation, 1, 1, array_agg(device) from sealdesk.member_devices
    where tenant = $1 group by tenant, conversation`,
  // The first event lists the members. The messages follow.
  created: `insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
      client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash)
    select $1, e.conversation, 1, 2, e.sender, 1, $5, $5, $6, e.control, $7, $7, $7
    from unnest($2::uuid[], $3::uuid[], $4::bytea[]) as e (conversation, sender, control)`,
  messages: `insert into sealdesk.events (tenant, conversation, seq, kind, sender_device, epoch, key_id,
      client_message_id, received_at_ms, ciphertext, commitment, franking_tag, transcript_hash)
    select $1, e.conversation, $4::int8, 1, e.sender, 1, gen_random_uuid(), gen_random_uuid(), $5,
      e.sealed, $7, $7, $7
    from unnest($2::uuid[], $3::uuid[], $6::bytea[]) as e (conversation, sender, sealed)`,
} as const;

const ciphertextBytes = 400;

/**
 * Writes pairs of devices that share a conversation, and `waiting` messages in each, directly into
 * the database, as registration, creation and sending would have left them. Device keys are real.
 * @param count of devices, an even number
 */
export async function arrangeStorm(
  server: { readonly home: string; readonly ownerUrl: string },
  count: number,
  waiting: number,
): Promise<readonly StormDevice[]> {
  const [tenant, now] = [newId<TenantId>(), Date.now()];
  const devices: StormDevice[] = [];
  let conversation = idOf<ConversationId>("");
  for (let index = 0; index < count; index++) {
    if (index % 2 === 0) conversation = newId<ConversationId>();
    const { privateKey } = generateKeyPairSync("ed25519");
    const key: JWK = privateKey.export({ format: "jwk" });
    const thumbprint = await calculateJwkThumbprint(key);
    const [user, device, session] = [newId<UserId>(), newId<DeviceId>(), randomUUID()];
    devices.push({ tenant, user, device, session, conversation, key, thumbprint });
  }
  const owner = new pg.Client({ connectionString: server.ownerUrl });
  await owner.connect();
  const atRest = await AtRest.open(server.home, server.ownerUrl);
  try {
    await store(owner, atRest, tenant, devices, waiting, now);
  } finally {
    await atRest.close();
    await owner.end();
  }
  return devices;
}

async function store(
  owner: pg.Client,
  atRest: AtRest,
  tenant: TenantId,
  devices: readonly StormDevice[],
  waiting: number,
  now: number,
): Promise<void> {
  const run = (name: keyof typeof STATEMENTS, ...values: readonly unknown[]) =>
    owner.query(STATEMENTS[name], [tenant, ...values]);
  const of = (part: keyof StormDevice) => devices.map((device) => device[part]);
  await owner.query(
    `insert into sealdesk.tenants (id, slug, name, created_at_ms)
     values ($1::uuid, 'storm-' || $1::text, 'Storm', 0)`,
    [tenant],
  );
  await run("users", of("user"), now);
  const keys = devices.map(({ key }) => Buffer.from(fromBase64Url(key.x ?? "")));
  await run("devices", of("device"), of("user"), keys, now);
  await run("sessions", of("session"), of("user"), of("thumbprint"), now);
  const creators = devices.filter((_, index) => index % 2 === 0);
  const created = (part: keyof StormDevice) => creators.map((device) => device[part]);
  const [ids, creating] = [created("conversation"), created("device")];
  await run("conversations", ids, created("user"), creating, randomBytes(64), now);
  await run("members", of("conversation"), of("user"));
  await run("memberDevices", of("conversation"), of("device"), of("user"));
  await run("epochs");
  const controls = creators.map((creator, index) => {
    const pair = devices.slice(2 * index, 2 * index + 2);
    const members = pair.map(({ user, device }) => ({ user, role: "agent", devices: [device] }));
    const { user } = creator;
    const control = {
      epoch: 1,
      actor: user,
      subject: user,
      members,
      creation: undefined,
      receipt: undefined,
    };
    return Buffer.from(encodeControl(control));
  });
  const nil = "00000000-0000-0000-0000-000000000000";
  await run("created", ids, creating, controls, nil, now, randomBytes(32));
  const text = randomBytes(ciphertextBytes);
  for (let seq = 2; seq <= waiting + 1; seq++) {
    const rows = creators.map(({ conversation, user }) => ({
      tenant,
      conversation,
      subject: user,
      author: user,
      seq,
      receivedAtMs: now,
      bytes: text,
    }));
    const sealed = (await atRest.seal(tenant, rows)).map((bytes) => Buffer.from(bytes));
    await run("messages", ids, creating, seq, now, sealed, randomBytes(32));
  }
  await owner.query("analyze");
}
