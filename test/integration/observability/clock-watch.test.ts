import { appendEntry } from "../../../audit/append-entry.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { entryOf } from "../../support/audit-log.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const HOUR_MS = 3_600_000;
let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({}, { clockEveryMs: 20 });
});
afterEach(() => server.close());

/** The jumps that a log has, as pairs of what was compared and the hours. */
async function jumpsIn(log: { readonly id: string }) {
  const { rows } = await server.database.owner.query<{ entry: Buffer }>(
    "select entry from audit.entries where tenant = $1 order by id",
    [log.id],
  );
  return rows.flatMap(({ entry }) => {
    const text = entry.toString();
    if (!text.includes('"clock.jump"')) return [];
    const { details } = JSON.parse(text) as {
      readonly details: { readonly byMs: number; readonly comparedWith: string };
    };
    return [[details.comparedWith, Math.round(details.byMs / HOUR_MS)]];
  });
}
test("a clock that jumps leaves entries in each tenant's log", async () => {
  const other = await server.createTenant();
  for (const [offsetMs, jumps] of [
    [
      2 * HOUR_MS,
      [
        ["itself", 2],
        ["database", 2],
      ],
    ],
    [0, [["itself", -2]]],
  ] as const) {
    const before = await Promise.all([server.tenant, other].map(jumpsIn));
    server.clock.offsetMs = offsetMs;
    await until(
      async () => (await jumpsIn(other)).length === (before[1]?.length ?? 0) + jumps.length,
    );
    for (const [at, log] of [server.tenant, other].entries())
      expect((await jumpsIn(log)).slice(before[at]?.length)).toEqual(jumps);
  }
  expect(server.logged()).toContain("the clock jumped");
});

test("a node that starts with a clock behind the newest entries says so", async () => {
  const { database, tenant } = server;
  const occurredAtMs = server.clock.now() + 3 * HOUR_MS;
  await inTransaction(database.pool, tenant.id, (client) =>
    appendEntry(client, { ...entryOf(tenant.id, 1), occurredAtMs }),
  );
  const node = await server.startNode();
  await until(async () => (await jumpsIn(tenant)).length === 1);
  expect(await jumpsIn(tenant)).toEqual([["newest_entries", -3]]);
  await node.close();
});
