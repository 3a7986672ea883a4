import { randomBytes } from "node:crypto";
import type { Send } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  SessionId,
  MessageId,
} from "../../crypto/wire/ids.ts";
import { openKeyTree, type KeyTree } from "../../keys/at-rest/key-tree.ts";
import { appendControl } from "../../messaging/log/append-control.ts";
import { ConversationLog } from "../../messaging/log/conversation-log.ts";
import type { LoggedEvent } from "../../messaging/log/event.ts";
import { enrolMembers } from "../../messaging/members/facts.ts";
import { createPool } from "../../db/pool.ts";
import type { TestDatabase } from "./database.ts";
import { memoryKms } from "./memory-kms.ts";
import { idOf, newId } from "../../tools/testkit/ids.ts";

/** A conversation put straight into the database, with one device for each of its users. */
export interface ArrangedConversation {
  readonly tenant: TenantId;
  readonly id: ConversationId;
  readonly users: readonly UserId[];
  readonly devices: readonly DeviceId[];
}

export async function arrangeTenant(
  database: TestDatabase,
  keyMaxMessages = 100,
): Promise<TenantId> {
  const tenant = newId<TenantId>();
  await database.owner.query(
    `insert into sealdesk.tenants (id, slug, name, key_max_messages, created_at_ms)
     values ($1::uuid, 't' || replace($1::text, '-', ''), 'Test', $2, 0)`,
    [tenant, keyMaxMessages],
  );
  return tenant;
}

/** A user with a device. */
export async function arrangeUser(
  database: TestDatabase,
  tenant: TenantId,
): Promise<[UserId, DeviceId]> {
  const user = newId<UserId>();
  const device = newId<DeviceId>();
  await database.owner.query(
    "insert into sealdesk.users (id, tenant, role, created_at_ms) values ($1, $2, 'agent', 0)",
    [user, tenant],
  );
  await database.owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms) values ($1, $2, $3, 1, $4, $5, $4, $6, 0)`,
    [device, tenant, user, randomBytes(32), randomBytes(33), randomBytes(64)],
  );
  return [user, device];
}

/** An open session of a user. */
export async function arrangeSession(
  database: TestDatabase,
  tenant: TenantId,
  user: UserId,
): Promise<SessionId> {
  const session = newId<SessionId>();
  await database.owner.query(
    `insert into sealdesk.sessions (id, tenant, user_id, device_key_thumbprint, method,
       created_at_ms, expires_at_ms) values ($1, $2, $3, '', 'password', 0, 0)`,
    [session, tenant, user],
  );
  return session;
}

/** The same service for all nodes of a test file. */
const testKms = memoryKms();

export const openTestKeyTree = (database: TestDatabase): Promise<KeyTree> =>
  openKeyTree({
    url: database.ownerUrl,
    kms: testKms,
    now: Date.now,
    onLost: () => undefined,
  });

/** A log on a pool of its own, as a node has one, with what it published. */
export async function openLog(
  database: TestDatabase,
  now: () => number = Date.now,
): Promise<{
  readonly log: ConversationLog;
  readonly keyTree: KeyTree;
  readonly published: LoggedEvent[];
  readonly heads: Map<ConversationId, number>;
  readonly close: () => Promise<void>;
}> {
  const published: LoggedEvent[] = [];
  const heads = new Map<ConversationId, number>();
  const pool = createPool(database.ownerUrl, { max: 4 });
  const keyTree = await openTestKeyTree(database);
  const log = new ConversationLog({
    pool,
    scopeKeys: keyTree.scopes,
    frankingKey: new Uint8Array(32).fill(7),
    now,
    onCommitted: (events) => published.push(...events),
    onHead: (conversation, seq) => heads.set(conversation, seq),
  });
  const close = async () => {
    await log.close();
    await pool.end();
    await keyTree.close();
  };
  return { log, keyTree, published, heads, close };
}

export async function arrangeConversation(
  database: TestDatabase,
  log: ConversationLog,
  tenant: TenantId,
  members = 2,
  nowMs: number = Date.now(),
): Promise<ArrangedConversation> {
  const id = newId<ConversationId>();
  const people: [UserId, DeviceId][] = [];
  for (let index = 0; index < members; index++) people.push(await arrangeUser(database, tenant));
  const [first] = people;
  if (first === undefined) throw new Error("a conversation has members");
  const [user, device] = first;
  const signature = randomBytes(64);
  const users = people.map(([member]) => member).toSorted();
  const creation = { suite: "signal-v1", device, signature, creator: undefined, users };
  await log.change(tenant, id, async (client) => {
    await client.query(
      `insert into conversations (id, tenant, suite, created_by, creation_device, creation_signature, created_at_ms)
       values ($1, $2, 'signal-v1', $3, $4, $5, $6)`,
      [id, tenant, user, device, creation.signature, nowMs],
    );
    const subjects = people.map(([member]) => ({ user: member, role: "agent" as const }));
    await enrolMembers(client, { tenant, conversation: id, seq: 1 }, subjects);
    const event = await appendControl(
      client,
      { tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: nowMs },
      {
        conversation: id,
        kind: "created",
        actor: user,
        senderDevice: device,
        subject: user,
        epoch: 1,
        creation,
      },
      nowMs,
    );
    return { events: [event], answer: undefined };
  });
  return { tenant, id, users: people.map(([u]) => u), devices: people.map(([, d]) => d) };
}

/** A well-formed message under `keyId`, with the packets its first use needs. */
export function messageFor(
  conversation: ArrangedConversation,
  senderDevice: DeviceId,
  keyId: Uuid,
  options: { readonly first?: boolean; readonly epoch?: number; readonly madeAtMs?: number } = {},
): Send {
  const packets = options.first
    ? conversation.devices
        .filter((device) => device !== senderDevice)
        .map((device) => ({ device, bytes: randomBytes(40) }))
    : [];
  return {
    conversation: conversation.id,
    clientMessageId: options.madeAtMs === undefined ? newId() : messageIdAt(options.madeAtMs),
    epoch: options.epoch ?? 1,
    keyId,
    ciphertext: randomBytes(300),
    commitment: randomBytes(32),
    packets,
  };
}

export function messageIdAt(ms: number): MessageId {
  const hex = ms.toString(16).padStart(12, "0");
  return idOf(`${hex.slice(0, 8)}-${hex.slice(8)}-7${newId().slice(15)}`);
}
