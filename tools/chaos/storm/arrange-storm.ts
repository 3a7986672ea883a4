import { generateKeyPairSync, randomBytes } from "node:crypto";
import { calculateJwkThumbprint, type JWK } from "jose";
import pg from "pg";
import { fromBase64Url } from "../../../crypto/wire/bytes.ts";
import { encodeControl } from "../../../crypto/wire/frame.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  SessionId,
} from "../../../crypto/wire/ids.ts";
import { AtRest } from "../../testkit/at-rest.ts";
import { idOf, newId } from "../../testkit/ids.ts";
import { STATEMENTS } from "./storm-statements.ts";

/** A registered device. A client process speaks for it. */
export interface StormDevice {
  readonly tenant: TenantId;
  readonly user: UserId;
  readonly device: DeviceId;
  readonly session: SessionId;
  readonly conversation: ConversationId;
  /** The device key, including the private part. */
  readonly key: JWK;
  readonly thumbprint: string;
}

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
  const [tenant, nowMs] = [newId<TenantId>(), Date.now()];
  const devices: StormDevice[] = [];
  let conversation = idOf<ConversationId>("");
  for (let index = 0; index < count; index++) {
    if (index % 2 === 0) conversation = newId<ConversationId>();
    const { privateKey } = generateKeyPairSync("ed25519");
    const key: JWK = privateKey.export({ format: "jwk" });
    const thumbprint = await calculateJwkThumbprint(key);
    const [user, device, session] = [newId<UserId>(), newId<DeviceId>(), newId<SessionId>()];
    devices.push({ tenant, user, device, session, conversation, key, thumbprint });
  }
  const owner = new pg.Client({ connectionString: server.ownerUrl });
  await owner.connect();
  const atRest = await AtRest.open(server.home, server.ownerUrl);
  try {
    await store(owner, atRest, tenant, devices, waiting, nowMs);
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
  nowMs: number,
): Promise<void> {
  const run = (name: keyof typeof STATEMENTS, ...values: readonly unknown[]) =>
    owner.query(STATEMENTS[name], [tenant, ...values]);
  const of = (part: keyof StormDevice) => devices.map((device) => device[part]);
  await owner.query(
    `insert into sealdesk.tenants (id, slug, name, created_at_ms)
     values ($1::uuid, 'storm-' || $1::text, 'Storm', 0)`,
    [tenant],
  );
  await run("users", of("user"), nowMs);
  const keys = devices.map(({ key }) => Buffer.from(fromBase64Url(key.x ?? "")));
  await run("devices", of("device"), of("user"), keys, nowMs);
  await run("sessions", of("session"), of("user"), of("thumbprint"), nowMs);
  const creators = devices.filter((_, index) => index % 2 === 0);
  const created = (part: keyof StormDevice) => creators.map((device) => device[part]);
  const [ids, creating] = [created("conversation"), created("device")];
  await run("conversations", ids, created("user"), creating, randomBytes(64), nowMs);
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
      signer: undefined,
      staffCertificate: undefined,
    };
    return Buffer.from(encodeControl(control));
  });
  const nil = "00000000-0000-0000-0000-000000000000";
  await run("created", ids, creating, controls, nil, nowMs, randomBytes(32));
  const text = randomBytes(ciphertextBytes);
  for (let seq = 2; seq <= waiting + 1; seq++) {
    const rows = creators.map(({ conversation, user }) => ({
      tenant,
      conversation,
      subject: user,
      author: user,
      seq,
      receivedAtMs: nowMs,
      bytes: text,
    }));
    const sealed = (await atRest.seal(tenant, rows)).map((bytes) => Buffer.from(bytes));
    await run("messages", ids, creating, seq, nowMs, sealed, randomBytes(32));
  }
  await owner.query("analyze");
}
