/** What the statements of the purge find, beside what the rules decide about each record by itself. */
import fc from "fast-check";
import type { ConversationId, UserId } from "../../../crypto/wire/ids.ts";
import { decideDisposal, type Ground } from "../../../policies/precedence.ts";
import { retainedDays, type Labels } from "../../../policies/retention.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { arrangeConversation, arrangeTenant, openLog } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const DAY_MS = 86_400_000;
const CITATION = "17 CFR 240.17a-4(b)(4)";

let database: TestDatabase;
let tenant: string;
let conversation: ConversationId;
let subject: UserId;
let nowMs: number;
beforeAll(async () => {
  database = await createTestDatabase();
  const log = await openLog(database);
  const arranged = await arrangeTenant(database);
  const { id, users } = await arrangeConversation(database, log.log, arranged);
  await log.close();
  [tenant, conversation, subject] = [arranged, id, users[0]!];
  const { rows } = await database.owner.query<{ nowMs: number }>(
    'select sealdesk.database_now_ms() as "nowMs"',
  );
  nowMs = rows[0]!.nowMs;
});
afterAll(() => database.drop());

// Few values, so that they meet often. Days are far apart, so that the time that the test takes does not count.
const days = fc.constantFrom(10, 20, 30, 40);
const label = fc.constantFrom(undefined, "a", "b");
const labels = fc.record({ dataClass: label, team: label, region: label });
const rule = fc.tuple(labels, days).map(([of, length]) => ({ ...of, days: length }));
const dayAgo = fc.constantFrom(0, 5, 15, 25, 35, 45);
const hold = fc
  .record({
    ofConversation: fc.boolean(),
    ofTeam: label,
    fromDay: fc.option(dayAgo, { nil: undefined }),
    untilDay: fc.option(dayAgo, { nil: undefined }),
    isReleased: fc.boolean(),
  })
  .filter(({ fromDay = Infinity, untilDay = -1 }) => fromDay > untilDay);
const arrangement = fc.record({
  classified: fc.uniqueArray(fc.tuple(fc.constantFrom(42, 32, 22, 12), labels), {
    selector: ([day]) => day,
    maxLength: 3,
  }),
  rules: fc.array(rule, { maxLength: 3 }),
  locks: fc.uniqueArray(rule, {
    selector: ({ dataClass, team, region }) => [dataClass, team, region].join("/"),
    maxLength: 2,
  }),
  holds: fc.array(hold, { maxLength: 2 }),
});
type Arrangement = typeof arrangement extends fc.Arbitrary<infer T> ? T : never;

const agoMs = (day: number): number => nowMs - day * DAY_MS;
const RECEIVED_DAYS_AGO = [1, 8, 13, 18, 23, 28, 33, 38, 43, 48];

test("the purge finds exactly what the rules let it purge", () =>
  fc.assert(
    fc.asyncProperty(arrangement, async (given) => {
      const found = await purgeable(given);
      const decided = RECEIVED_DAYS_AGO.filter(
        (day) => decideDisposal(groundsOf(given, agoMs(day)), nowMs).outcome === "purge",
      );
      expect(found).toEqual(decided);
    }),
    { seed: 14, numRuns: 300 },
  ));

/** What speaks about a record that was received at a time. */
function groundsOf({ classified, rules, locks, holds }: Arrangement, atMs: number): Ground[] {
  const [, its]: readonly [number, Labels] = classified
    .filter(([day]) => agoMs(day) <= atMs)
    .toSorted(([a], [b]) => a - b)[0] ?? [0, {}];
  const kept = retainedDays(rules, its);
  const isAbout = (of: Labels) =>
    (["dataClass", "team", "region"] as const).every(
      (name) => of[name] === undefined || of[name] === its[name],
    );
  return [
    ...(kept === undefined
      ? []
      : [{ kind: "retention", citation: CITATION, expiresAtMs: atMs + kept * DAY_MS } as const]),
    ...locks.filter(isAbout).map((lock) => ({
      kind: "lock" as const,
      citation: CITATION,
      untilMs: atMs + lock.days * DAY_MS,
    })),
    ...holds
      .filter(
        ({ ofTeam, fromDay, untilDay, isReleased }) =>
          !isReleased &&
          (ofTeam === undefined || classified.some(([, { team }]) => team === ofTeam)) &&
          (fromDay === undefined || atMs >= agoMs(fromDay)) &&
          (untilDay === undefined || atMs < agoMs(untilDay)),
      )
      .map(() => ({ kind: "hold" as const, citation: CITATION, reviewAtMs: nowMs })),
  ];
}

/** Stores the arrangement, and returns how many days ago the records were received that may be purged. */
async function purgeable({ classified, rules, locks, holds }: Arrangement): Promise<number[]> {
  const client = await database.owner.connect();
  try {
    await client.query("begin; set local session_replication_role = replica");
    await client.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
    for (const [day, { dataClass, team, region }] of classified)
      await client.query(
        "insert into sealdesk.classifications values ($1, $2, $3, $4, $5, $6, 'test')",
        [tenant, conversation, agoMs(day), dataClass, team, region],
      );
    for (const lock of locks)
      await client.query(
        "insert into sealdesk.retention_locks values ($1, $2, $3, $4, $5, $6, $7, 'test', 0)",
        [tenant, newId(), lock.dataClass, lock.team, lock.region, lock.days, CITATION],
      );
    for (const { ofConversation, ofTeam, fromDay, untilDay, isReleased } of holds) {
      const id = newId();
      await client.query(
        `insert into sealdesk.holds (tenant, id, matter, citation, custodian, placed_by, placed_at_ms, review_at_ms,
           salt, commitment, released_at_ms, release)
         values ($1, $2, 'test', $3, $4, 'test', 0, 1, $5, $5, $6, $7)`,
        [
          tenant,
          id,
          CITATION,
          subject,
          Buffer.alloc(32),
          isReleased ? 1 : null,
          isReleased ? newId() : null,
        ],
      );
      const isAnything =
        ofConversation || [ofTeam, fromDay, untilDay].some((each) => each !== undefined);
      await client.query(
        `insert into sealdesk.hold_items (tenant, hold, position, subject, conversation, team, from_ms, until_ms)
         values ($1, $2, 0, $3, $4, $5, $6, $7)`,
        [
          tenant,
          id,
          isAnything ? null : subject,
          ofConversation ? conversation : null,
          ofTeam,
          fromDay === undefined ? null : agoMs(fromDay),
          untilDay === undefined ? null : agoMs(untilDay),
        ],
      );
    }
    const { rows } = await client.query<{ day: number }>(
      `select day from unnest($1::int4[]) with ordinality as received (day, place)
       where $2::int8 - day * 86400000::int8 <@ sealdesk.purgeable_ranges($3, $4, $5, $2) order by place`,
      [RECEIVED_DAYS_AGO, nowMs, conversation, subject, JSON.stringify(rules)],
    );
    return rows.map(({ day }) => day);
  } finally {
    await client.query("rollback");
    client.release();
  }
}
