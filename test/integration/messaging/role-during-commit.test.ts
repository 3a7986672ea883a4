import { randomUUID } from "node:crypto";
import {
  arrangeConversation,
  arrangeTenant,
  messageFor,
  openLog,
} from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { nilId, type UserId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

const BLOCKED =
  "select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";

test("a role that changes while a message is being stored decides about the next message", async () => {
  const { log, close } = await openLog(database);
  const tenant = await arrangeTenant(database);
  const conversation = await arrangeConversation(database, log, tenant);
  const [, senderDevice = nilId<DeviceId>()] = conversation.devices;
  const [, sender = nilId<UserId>()] = conversation.users;
  const key = randomUUID();
  const post = (first = false) =>
    log.post({
      tenant,
      signIn: unknownSignIn,
      senderDevice,
      send: messageFor(conversation, senderDevice, key, { first }),
    });
  expect((await post(true)).accepted).toBe(true);

  const holding = await database.owner.connect();
  await holding.query("begin");
  await holding.query("lock table sealdesk.events in exclusive mode");
  const posting = post();
  while ((await database.owner.query(BLOCKED)).rowCount === 0);
  await database.owner.query("update sealdesk.users set role = 'auditor' where id = $1", [sender]);
  log.rolesChanged();
  await holding.query("commit");
  holding.release();
  expect((await posting).accepted).toBe(true);

  expect(await post()).toMatchObject({ accepted: false, refusal: { code: "forbidden" } });
  await close();
});
