/** The server writes no list of members that devices would refuse. */
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  arrangeConversation,
  arrangeTenant,
  arrangeUser,
  openLog,
} from "../../support/conversations.ts";
import type { Client } from "../../../db/pool.ts";
import { appendControl } from "../../../messaging/log/append-control.ts";
import { enrolMembers } from "../../../messaging/members/facts.ts";

let database: TestDatabase;
let node: Awaited<ReturnType<typeof openLog>>;
beforeAll(async () => {
  database = await createTestDatabase();
  node = await openLog(database);
});
afterAll(async () => {
  await node.close();
  await database.drop();
});

/** Closes a new conversation, after `also` changed its rows in the same transaction. */
async function closing(
  also: (client: Client, at: Awaited<ReturnType<typeof arrange>>) => Promise<void>,
) {
  const at = await arrange();
  const { tenant, id, users, devices } = at;
  const [actor, senderDevice] = [users[0], devices[0]];
  if (actor === undefined || senderDevice === undefined) throw new Error("it has members");
  return node.log.change(tenant, id, async (client, head) => {
    if (head === undefined) throw new Error("it exists");
    await also(client, at);
    const change = {
      conversation: id,
      kind: "closed",
      actor,
      senderDevice,
      subject: actor,
    } as const;
    const event = await appendControl(client, head, { ...change, epoch: head.epoch }, Date.now());
    return { events: [event], answer: event.seq };
  });
}
const arrange = async () =>
  arrangeConversation(database, node.log, await arrangeTenant(database), 3);

test("an event that changes nobody is written if nobody changed", async () => {
  expect(await closing(() => Promise.resolve())).toBe(2);
});

test("an event that changes nobody is not written if somebody came with it", async () => {
  const events = node.published.length;
  await expect(
    closing(async (client, { tenant, id }) => {
      const [user] = await arrangeUser(database, tenant);
      const into = { tenant, conversation: id, seq: 2 };
      await enrolMembers(client, into, [{ user, role: "agent" }]);
    }),
  ).rejects.toThrow("the members after the event closed are not what it makes of them");
  // The conversation itself was begun.
  expect(node.published.length).toBe(events + 1);
});

test("an event that changes nobody is not written if somebody's role changed with it", async () => {
  await expect(
    closing(async (client, { id, users }) => {
      const of = "conversation = $1 and user_id = $2";
      await client.query(`update members set until_seq = 2 where ${of}`, [id, users[1]]);
      await client.query(
        `insert into members (tenant, conversation, user_id, role, from_seq)
         select tenant, conversation, user_id, 'supervisor', 2 from members where ${of}`,
        [id, users[1]],
      );
    }),
  ).rejects.toThrow("the members after the event closed are not what it makes of them");
});
