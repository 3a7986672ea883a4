import { randomUUID } from "node:crypto";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  arrangeConversation,
  arrangeTenant,
  messageFor,
  openLog,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { nilId, type DeviceId } from "../../../crypto/wire/ids.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";

const CONVERSATIONS = 50;
const MESSAGES = 40;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database.drop();
});

test("two nodes that write the same fifty conversations at once: no fork, no starving, no deadlock", async () => {
  const nodes = [await openLog(database), await openLog(database)];
  const tenant = await arrangeTenant(database);
  const [first] = nodes;
  if (first === undefined) throw new Error("there are two nodes");
  const conversations: ArrangedConversation[] = [];
  for (let index = 0; index < CONVERSATIONS; index++)
    conversations.push(await arrangeConversation(database, first.log, tenant));

  await Promise.all(
    nodes.flatMap(({ log }, index) =>
      conversations.map(async (conversation) => {
        const senderDevice = conversation.devices[index] ?? nilId<DeviceId>();
        const key = randomUUID();
        for (let message = 0; message < MESSAGES; message++) {
          const send = messageFor(conversation, senderDevice, key, { first: message === 0 });
          const outcome = await log.post({ tenant, signIn: unknownSignIn, senderDevice, send });
          if (!outcome.accepted) throw new Error(outcome.refusal.code);
        }
      }),
    ),
  );
  const { rows } = await database.owner.query(
    `select count(*)::int as events, max(seq)::int as head, count(distinct transcript_hash)::int as hashes
     from sealdesk.events where tenant = $1 group by conversation`,
    [tenant],
  );
  const length = 1 + 2 * MESSAGES;
  expect(rows).toEqual(
    Array.from({ length: CONVERSATIONS }, () => ({ events: length, head: length, hashes: length })),
  );
  await Promise.all(nodes.map(({ close }) => close()));
  // Each failure costs its whole batch, so there must be fewer of them than messages by far.
  expect(await failedStatements()).toBeLessThan(CONVERSATIONS * MESSAGES);
});

/** Transactions rolled back so far in this database. */
async function failedStatements(): Promise<number> {
  // A session hands in its count when it ends.
  const SESSIONS =
    "select from pg_stat_activity where datname = current_database() and application_name = 'sealdesk'";
  while ((await database.owner.query(SESSIONS)).rowCount !== 0);
  const { rows } = await database.owner.query<{ failed: number }>(
    "select xact_rollback::int as failed from pg_stat_database where datname = current_database()",
  );
  return rows[0]?.failed ?? 0;
}
