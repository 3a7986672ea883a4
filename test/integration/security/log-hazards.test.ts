import { randomUUID } from "node:crypto";
import { nilId, type TenantId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { createPool } from "../../../db/pool.ts";
import { ConversationLog } from "../../../messaging/log/conversation-log.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  arrangeConversation,
  arrangeTenant,
  messageFor,
  openLog,
  openTestKeyTree,
} from "../../support/conversations.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

let database: TestDatabase;
let tenant: TenantId;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  tenant = await arrangeTenant(database);
});
afterAll(async () => {
  await Promise.all(closers.map((close) => close()));
  await database.drop();
});

async function node() {
  const opened = await openLog(database);
  closers.push(opened.close);
  return opened.log;
}

test("a repeat far behind its first in one batch gets the first answer, and delays no other message", async () => {
  const log = await node();
  const conversation = await arrangeConversation(database, log, tenant);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const key = randomUUID();
  const sends = Array.from({ length: 20 }, (_, index) =>
    messageFor(conversation, senderDevice, key, { first: index === 0 }),
  );
  const first = sends[1]!;
  const outcomes = await Promise.all(
    [...sends, first].map((send) =>
      log.post({ tenant, signIn: unknownSignIn, senderDevice, send }),
    ),
  );
  expect(outcomes.at(-1)).toMatchObject({ accepted: true, message: { seq: 3 } });
  expect(outcomes.slice(0, -1)).toEqual(
    sends.map((_, index) =>
      expect.objectContaining({ message: expect.objectContaining({ seq: index + 2 }) }),
    ),
  );
}, 60_000);

test("a stranger's message to the same id does not pull a conversation into another tenant", async () => {
  const log = await node();
  const elsewhere = await arrangeTenant(database);
  const conversation = await arrangeConversation(database, log, tenant);
  const [senderDevice = nilId<DeviceId>()] = conversation.devices;
  const stranger = newId<DeviceId>();
  const foreign = () =>
    log.post({
      tenant: elsewhere,
      signIn: unknownSignIn,
      senderDevice: stranger,
      send: messageFor(conversation, stranger, randomUUID(), { first: true }),
    });
  const send = messageFor(conversation, senderDevice, randomUUID(), { first: true });
  const [before, own, after] = await Promise.allSettled([
    foreign(),
    log.post({ tenant, signIn: unknownSignIn, senderDevice, send }),
    foreign(),
  ]);
  expect(own).toMatchObject({ status: "fulfilled", value: { accepted: true } });
  for (const outcome of [before, after])
    expect(outcome).toMatchObject({
      status: "rejected",
      reason: { code: "conversation_not_found" },
    });
});

test("a log that was closed leaves no tenant behind on the pool's connections", async () => {
  const pool = createPool(database.ownerUrl, { max: 1 });
  const keyTree = await openTestKeyTree(database);
  const log = new ConversationLog({
    pool,
    scopeKeys: keyTree.scopes,
    frankingKey: new Uint8Array(32),
    now: Date.now,
    onCommitted: () => undefined,
    onHead: () => undefined,
    committers: 1,
  });
  const arranged = await arrangeConversation(database, await node(), tenant);
  const [senderDevice = nilId<DeviceId>()] = arranged.devices;
  const send = messageFor(arranged, senderDevice, randomUUID(), { first: true });
  await log.post({ tenant, signIn: unknownSignIn, senderDevice, send });
  await log.close();
  const { rows } = await pool.query<object>("select sealdesk.current_tenant() as tenant");
  expect(rows).toEqual([{ tenant: null }]);
  expect((await pool.query("select from users")).rowCount).toBe(0);
  await Promise.all([pool.end(), keyTree.close()]);
});
