import { randomUUID } from "node:crypto";
import { createPool, type Pool } from "../../../db/pool.ts";
import type { KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { ConversationLog } from "../../../messaging/log/conversation-log.ts";
import {
  arrangeConversation,
  arrangeTenant,
  messageFor,
  openTestKeyTree,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { nilId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

let database: TestDatabase;
let pool: Pool;
let keyTree: KeyTree;
let log: ConversationLog;
beforeAll(async () => {
  database = await createTestDatabase();
  pool = createPool(database.ownerUrl);
  keyTree = await openTestKeyTree(database);
  log = new ConversationLog({
    pool,
    scopeKeys: keyTree.scopes,
    frankingKey: new Uint8Array(32),
    now: Date.now,
    onCommitted: () => undefined,
    onHead: () => undefined,
    maxWaiting: 64,
  });
});
afterAll(async () => {
  await log.close();
  await pool.end();
  await keyTree.close();
  await database.drop();
});

const post = (conversation: ArrangedConversation, device: number) => {
  const senderDevice = conversation.devices[device] ?? nilId<DeviceId>();
  const send = messageFor(conversation, senderDevice, randomUUID(), { first: true });
  return log.post({ tenant: conversation.tenant, signIn: unknownSignIn, senderDevice, send }).then(
    () => "answered",
    ({ code }: { code: string }) => code,
  );
};
const arrange = async () => arrangeConversation(database, log, await arrangeTenant(database), 20);

test("the messages of one device and of one tenant leave room for others", async () => {
  const [hostile, other] = [await arrange(), await arrange()];
  const flood = Array.from({ length: 40 }, () => post(hostile, 0));
  const neighbour = post(hostile, 1);
  for (let device = 2; device < 20; device++)
    flood.push(...Array.from({ length: 10 }, () => post(hostile, device)));
  const elsewhere = post(other, 0);
  expect([await neighbour, await elsewhere]).toEqual(["answered", "answered"]);
  expect(await Promise.all(flood)).toContain("unavailable");
  expect(await post(hostile, 0)).toBe("answered");
});
