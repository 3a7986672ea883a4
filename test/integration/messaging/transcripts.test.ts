import { toHex } from "../../../crypto/wire/bytes.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import type { Pool } from "../../../db/pool.ts";
import type { LoggedEvent } from "../../../messaging/log/event.ts";
import { HEADS_PER_ENTRY } from "../../../messaging/transcripts/record-heads.ts";
import { TranscriptRecorder } from "../../../messaging/transcripts/transcript-recorder.ts";
import {
  arrangeConversation,
  arrangeTenant,
  openLog,
  type ArrangedConversation,
} from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

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

type Head = readonly [conversation: string, seq: number, hash: string];

/** What the audit log says of the conversations of a tenant, entry by entry. */
async function recorded(tenant: string): Promise<readonly (readonly Head[])[]> {
  const { rows } = await database.owner.query<{ entry: Buffer }>(
    "select entry from audit.entries where tenant = $1 order by id",
    [tenant],
  );
  return rows
    .map(({ entry }) => JSON.parse(String(entry)) as { action: string; details: { heads: Head[] } })
    .filter(({ action }) => action === "transcript.record")
    .map(({ details }) => details.heads);
}

async function arrange(): Promise<{
  readonly conversation: ArrangedConversation;
  readonly events: readonly LoggedEvent[];
  readonly head: Head;
}> {
  const tenant = await arrangeTenant(database);
  const conversation = await arrangeConversation(database, node.log, tenant);
  const events = node.published.filter((event) => event.conversation === conversation.id);
  const last = events.at(-1)!;
  return { conversation, events, head: [last.conversation, last.seq, toHex(last.transcriptHash)] };
}

const hour = 3_600_000;
const refusing: Pick<Pool, "connect" | "query"> = {
  connect: () => Promise.reject(new Error("refused")),
  query: () => Promise.reject(new Error("refused")),
};

/** A recorder whose writes fail while `refused` is true. */
function recorderOf(everyMs: number, onError: (error: unknown) => void) {
  const state = { refused: false };
  const pool = new Proxy(database.pool, {
    get: (target, name) =>
      Reflect.get(state.refused && name in refusing ? refusing : target, name, target),
  });
  const deps = { pool, now: Date.now, everyMs, sweepEveryMs: hour, onError };
  return { recorder: new TranscriptRecorder(deps), state };
}

test("the next node that starts records the hashes that a stopped node left", async () => {
  const { conversation, head } = await arrange();
  const { recorder } = recorderOf(hour, fail);
  await recorder.close();
  expect(await recorded(conversation.tenant)).toEqual([[head]]);
  await recorderOf(hour, fail).recorder.close();
  expect(await recorded(conversation.tenant)).toHaveLength(1);
});

test("hashes that could not be recorded are recorded later, for every tenant", async () => {
  const errors: unknown[] = [];
  const { recorder, state } = recorderOf(5, (error) => errors.push(error));
  state.refused = true;
  const arranged = [await arrange(), await arrange()];
  for (const { events } of arranged) recorder.onCommitted(events);
  await until(() => errors.length > 4);
  for (const { conversation } of arranged) expect(await recorded(conversation.tenant)).toEqual([]);
  state.refused = false;
  for (const { conversation, head } of arranged) {
    await until(async () => (await recorded(conversation.tenant)).length > 0);
    expect(await recorded(conversation.tenant)).toEqual([[head]]);
  }
  await recorder.close();
});

test("hashes that were recorded before a failure are not recorded twice", async () => {
  const { conversation, events } = await arrange();
  const { tenant, id } = conversation;
  // More than one entry holds.
  const { rows } = await database.owner.query<{ id: ConversationId }>(
    `insert into sealdesk.conversations
     select gen_random_uuid(), tenant, suite, state, created_by, creation_device, creation_signature, created_at_ms
     from sealdesk.conversations, generate_series(1, $2) where id = $1 returning id`,
    [id, HEADS_PER_ENTRY + 1],
  );
  const mine = async () => (await recorded(tenant)).flat().filter(([of]) => of !== id);
  const errors: unknown[] = [];
  let isWhole = false;
  const connect = async () => {
    if (!isWhole && (await mine()).length > 0) throw new Error("refused");
    return database.pool.connect();
  };
  const { options } = database.pool;
  const pool = { options, query: database.pool.query.bind(database.pool), connect } as Pool;
  const recorder = new TranscriptRecorder({
    pool,
    now: Date.now,
    everyMs: 5,
    sweepEveryMs: hour,
    onError: (error) => errors.push(error),
  });
  for (const each of rows) recorder.onCommitted([{ ...events.at(-1)!, conversation: each.id }]);
  await until(() => errors.length > 0);
  isWhole = true;
  await recorder.close();
  const heads = (await mine()).map(([of]) => of);
  expect(new Set(heads)).toEqual(new Set(rows.map((each) => each.id)));
  expect(heads).toHaveLength(rows.length);
});

function fail(error: unknown): never {
  throw error;
}
