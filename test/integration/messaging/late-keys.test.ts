import { randomUUID } from "node:crypto";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { ConversationLog } from "../../../messaging/log/conversation-log.ts";
import { createPool, type Pool } from "../../../db/pool.ts";
import {
  arrangeConversation,
  arrangeTenant,
  openLog,
  messageFor,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";
import { nilId, type TenantId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

let database: TestDatabase;
let arranging: Awaited<ReturnType<typeof openLog>>;
let pool: Pool;
let tree: KeyTree;
let log: ConversationLog;
const kms = memoryKms();
/** What stands between a tenant and the service: nothing, unless a test puts something there. */
const before = new Map<string, () => Promise<void>>();
const gate = async (name: string) => before.get(name.replace("kek-", ""))?.();
const gated: Kms = {
  ...kms,
  wrap: async (...given) => (await gate(given[0]), kms.wrap(...given)),
  unwrap: async (...given) => (await gate(given[0]), kms.unwrap(...given)),
};

beforeAll(async () => {
  database = await createTestDatabase();
  arranging = await openLog(database);
});
beforeEach(async () => {
  pool = createPool(database.ownerUrl, { max: 4 });
  await startNode();
});
afterEach(async () => {
  before.clear();
  await stopNode();
  await pool.end();
});

/** With nothing in memory. */
async function startNode(): Promise<void> {
  const { ownerUrl: url } = database;
  tree = await openKeyTree({ url, kms: gated, now: Date.now, onLost: () => undefined });
  log = new ConversationLog({
    pool,
    scopeKeys: tree.scopes,
    frankingKey: new Uint8Array(32).fill(7),
    now: Date.now,
    onCommitted: () => undefined,
    onHead: () => undefined,
  });
}

async function stopNode(): Promise<void> {
  await log.close();
  await tree.close();
}

afterAll(async () => {
  await arranging.close();
  await database.drop();
});

function post(conversation: ArrangedConversation) {
  const [device = nilId<DeviceId>()] = conversation.devices;
  const send = messageFor(conversation, device, randomUUID(), { first: true });
  return log.post({
    tenant: conversation.tenant,
    signIn: unknownSignIn,
    senderDevice: device,
    send,
  });
}

async function arrange(tenant: TenantId, count: number): Promise<ArrangedConversation[]> {
  const made = [];
  for (let index = 0; index < count; index++)
    made.push(await arrangeConversation(database, arranging.log, tenant));
  return made;
}

test("a tenant whose keys are late delays no other tenant, and is served when they come", async () => {
  const [slow, quick] = [await arrangeTenant(database), await arrangeTenant(database)];
  const theirs = await arrange(slow, 6);
  const [mine] = await arrange(quick, 1);
  let asked = 0;
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  before.set(slow, () => (asked++, opened));
  const answered: number[] = [];
  const waiting = [];
  // One after another, so that every lane has met the silent service.
  for (const [index, conversation] of theirs.entries()) {
    waiting.push(post(conversation).then((outcome) => (answered.push(index), outcome)));
    await until(() => asked > index);
  }
  expect(await post(mine!)).toMatchObject({ accepted: true });
  expect(answered).toEqual([]);
  expect(log.waiting).toBe(6);
  open();
  for (const outcome of await Promise.all(waiting)) expect(outcome.accepted).toBe(true);
  expect(log.waiting).toBe(0);
});

test("a tenant whose key is gone is refused at once, and no other tenant is", async () => {
  const [gone, quick] = [await arrangeTenant(database), await arrangeTenant(database)];
  const [theirs] = await arrange(gone, 1);
  const [mine] = await arrange(quick, 1);
  let asked = 0;
  before.set(gone, async () => {
    asked++;
    throw new KeysError("kms_key_not_found", "There is no such key.");
  });
  await expect(post(theirs!)).rejects.toMatchObject({ code: "unavailable" });
  expect(asked).toBe(1);
  expect(await post(mine!)).toMatchObject({ accepted: true });
});

test("a service that is away for a moment costs no message", async () => {
  const tenant = await arrangeTenant(database);
  const [theirs] = await arrange(tenant, 1);
  let asked = 0;
  before.set(tenant, async () => {
    if (++asked < 3) throw new KeysError("kms_sealed", "The service is sealed.");
  });
  expect(await post(theirs!)).toMatchObject({ accepted: true });
});

test("one damaged key keeps back its own conversation alone", async () => {
  const tenant = await arrangeTenant(database);
  const conversations = await arrange(tenant, 3);
  for (const conversation of conversations) await post(conversation);
  const [damaged, ...others] = conversations;
  // As a superuser can, whom no trigger stops.
  await database.owner.query(
    `set session_replication_role = replica;
     update keystore.scope_keys set wrapped = set_byte(wrapped, 50, get_byte(wrapped, 50) # 1)
       where conversation = '${damaged!.id}';
     set session_replication_role = origin`,
  );
  await stopNode();
  await startNode();
  const [refused, ...accepted] = await Promise.allSettled([damaged!, ...others].map(post));
  expect(refused).toMatchObject({ status: "rejected", reason: { code: "unavailable" } });
  expect(accepted).toMatchObject(others.map(() => ({ value: { accepted: true } })));
});
