import { generateKeyPairSync, randomBytes, randomUUID, type KeyObject } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import { fromBase64Url } from "../../crypto/wire/bytes.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { createPool } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { appendControl } from "../../messaging/log/append-control.ts";
import { enrolMember } from "../../messaging/members/facts.ts";
import pg from "pg";

/** A registered device that a load generator can speak for. */
export interface LoadDevice {
  readonly tenant: Uuid;
  readonly user: Uuid;
  readonly device: Uuid;
  readonly session: Uuid;
  readonly deviceKey: KeyObject;
  readonly publicJwk: JWK;
  readonly thumbprint: string;
}

export interface LoadConversation {
  readonly id: Uuid;
  readonly devices: readonly LoadDevice[];
}

/**
 * Puts a tenant, accounts with one device each, and conversations of `size` devices into the
 * database, as sign-in, registration and creation would have. Device keys are real.
 */
export async function arrangeConversations(
  ownerUrl: string,
  count: number,
  size: number,
): Promise<readonly LoadConversation[]> {
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const pool = createPool(ownerUrl, { max: 2 });
  const tenant = randomUUID();
  await owner.query(
    `insert into sealdesk.tenants (id, slug, name, created_at_ms)
     values ($1::uuid, 'bench-' || $1::text, 'Benchmark', 0)`,
    [tenant],
  );
  const conversations: LoadConversation[] = [];
  for (let index = 0; index < count; index++) {
    const devices: LoadDevice[] = [];
    for (let member = 0; member < size; member++) devices.push(await arrangeDevice(owner, tenant));
    const id = randomUUID();
    await inTransaction(pool, tenant, (client) => create(client, tenant, id, devices));
    conversations.push({ id, devices });
  }
  await pool.end();
  await owner.end();
  return conversations;
}

async function arrangeDevice(owner: pg.Client, tenant: Uuid): Promise<LoadDevice> {
  const [user, device, session] = [randomUUID(), randomUUID(), randomUUID()];
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { kty, crv, x } = publicKey.export({ format: "jwk" }) as {
    kty: string;
    crv: string;
    x: string;
  };
  const publicJwk: JWK = { kty, crv, x };
  const thumbprint = await calculateJwkThumbprint(publicJwk);
  const now = Date.now();
  await owner.query(
    "insert into sealdesk.users (id, tenant, role, created_at_ms) values ($1, $2, 'agent', $3)",
    [user, tenant, now],
  );
  await owner.query(
    `insert into sealdesk.devices (id, tenant, user_id, registration_id, device_key, identity_key,
       receipt_key, certificate, created_at_ms) values ($1, $2, $3, 1, $4, $5, $6, $7, $8)`,
    [
      device,
      tenant,
      user,
      fromBase64Url(x),
      randomBytes(33),
      randomBytes(32),
      randomBytes(64),
      now,
    ],
  );
  await owner.query(
    `insert into sealdesk.sessions (id, tenant, user_id, device_key_thumbprint, method, created_at_ms, expires_at_ms)
     values ($1, $2, $3, $4, 'password', $5, $6)`,
    [session, tenant, user, thumbprint, now, now + 12 * 3_600_000],
  );
  return { tenant, user, device, session, deviceKey: privateKey, publicJwk, thumbprint };
}

async function create(
  client: Parameters<typeof appendControl>[0],
  tenant: Uuid,
  id: Uuid,
  devices: readonly LoadDevice[],
): Promise<void> {
  const [creator] = devices;
  if (creator === undefined) throw new Error("a conversation has members");
  const now = Date.now();
  const signature = randomBytes(64);
  await client.query(
    `insert into conversations (id, tenant, suite, created_by, creation_device, creation_signature, created_at_ms)
     values ($1, $2, 'signal-v1', $3, $4, $5, $6)`,
    [id, tenant, creator.user, creator.device, signature, now],
  );
  for (const { user } of devices)
    await enrolMember(client, { tenant, conversation: id, seq: 1, user, role: "agent" });
  await appendControl(
    client,
    { tenant, seq: 0, transcriptHash: zeroHash, receivedAtMs: now },
    {
      conversation: id,
      kind: "created",
      actor: creator.user,
      senderDevice: creator.device,
      subject: creator.user,
      epoch: 1,
      creation: { suite: "signal-v1", device: creator.device, signature },
    },
    now,
  );
}
