import { createKeystorePool } from "../../../db/pool.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { periodOf } from "../../../crypto/wire/key-period.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { destroyScopes } from "../../../keys/at-rest/destroy.ts";
import { purgeTenant } from "../../../workflows/retention/purge.ts";
import { destroyReports } from "../../../workflows/retention/destroy-reports.ts";
import { staffDevice, type TestDevice } from "../../support/device.ts";
import { erase, reached } from "../../support/erasures.ts";
import { placeHold, releaseHold } from "../../support/holds.ts";
import { reportedMessage } from "../../support/reports.ts";
import { age, put } from "../../support/retention.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let moderator: TestDevice;
let officer: TestDevice;
beforeAll(async () => {
  server = await startTestServer();
  moderator = await staffDevice(server, "moderator");
  officer = await staffDevice(server, "privacy_officer");
});
afterAll(() => server.close());

const textOf = async (id: string): Promise<unknown> =>
  (await moderator.request("GET", `/v1/reports/${id}`)).body.messages[0].content?.text ?? null;

/** Lets the time pass until the retention of a report is over. */
const expire = (id: string) =>
  server.database.owner.query("update sealdesk.reports set disclosed_until_ms = 1 where id = $1", [
    id,
  ]);

const sweep = (): Promise<number> =>
  destroyReports(
    { pool: server.database.pool, keystore: undefined, now: Date.now },
    server.tenant.id,
  );

/** Returns how many keys of a report exist. */
async function keysOf(id: string): Promise<number> {
  const keystore = createKeystorePool(server.database.ownerUrl);
  const { rows } = await inTransaction(keystore, server.tenant.id, (client) =>
    client.query<{ count: number }>(
      "select count(*)::int4 as count from scope_keys where author = $1 and wrapped is not null",
      [id],
    ),
  );
  await keystore.end();
  return rows[0]!.count;
}

test("what a report discloses is destroyed when its retention is over, and no other report", async () => {
  const [expired, kept] = [await reportedMessage(server), await reportedMessage(server)];
  expect(await sweep()).toBe(0);
  await expire(expired.id);
  expect(await keysOf(expired.id)).toBe(1);
  expect(await sweep()).toBe(1);
  expect([await keysOf(expired.id), await keysOf(kept.id)]).toEqual([0, 1]);
  expect(await textOf(expired.id)).toBeNull();
  expect(await textOf(kept.id)).toBe("I know where you live");
  const { rows } = await server.database.owner.query<object>(
    "select sealed from sealdesk.reported_messages where report = $1",
    [expired.id],
  );
  expect(rows).toEqual([{ sealed: null }]);
  expect(await sweep()).toBe(0);
  expect(await server.auditEntries()).toContainEqual(
    expect.objectContaining({
      action: "report.destroy",
      resource: { type: "report", id: expired.id },
    }),
  );
});

test("a legal hold on the conversation goes before the retention, until it is released", async () => {
  const { id, conversation } = await reportedMessage(server);
  const hold = await placeHold(server, officer, officer, { conversation });
  await expire(id);
  expect(await sweep()).toBe(0);
  expect(await textOf(id)).toBe("I know where you live");
  const second = await staffDevice(server, "compliance_officer");
  await releaseHold(officer, second, hold.body.id);
  expect(await sweep()).toBe(1);
  expect(await textOf(id)).toBeNull();
});

test("the erasure of the person destroys it, unless a hold covers the conversation", async () => {
  const [erased, held] = [await reportedMessage(server), await reportedMessage(server)];
  await placeHold(server, officer, officer, { conversation: held.conversation });
  for (const { customer } of [erased, held]) {
    const id = await erase(server.database, server.tenant.id, customer.user);
    await reached(server.database, id, "certified");
  }
  expect(await keysOf(erased.id)).toBe(0);
  expect(await textOf(erased.id)).toBeNull();
  expect(await keysOf(held.id)).toBe(1);
  expect(await textOf(held.id)).toBe("I know where you live");
});

test("the schedule of messages destroys their keys, and not those of reports", async () => {
  const { id, conversation } = await reportedMessage(server);
  const second = await staffDevice(server, "compliance_officer");
  await put(await staffDevice(server, "admin"), second, [{ days: 30 }]);
  await age(server, [conversation], 400);
  const keystore = createKeystorePool(server.database.ownerUrl);
  const { pool } = server.database;
  // As if all keys of messages were of the period of the aged ones.
  const now = () => Date.now();
  await purgeTenant({ pool, now, destroy: { keystore, apart: undefined, now } }, server.tenant.id);
  await destroyScopes(
    { keystore, apart: undefined, now },
    server.tenant.id,
    { subject: await subjectOf(id), conversation, beforePeriod: periodOf(now()) + 1 },
    { actor: { kind: "system", id: "retention" } },
  );
  await keystore.end();
  expect(await keysOf(id)).toBe(1);
  expect(await textOf(id)).toBe("I know where you live");
});

async function subjectOf(id: string): Promise<UserId> {
  const { rows } = await server.database.owner.query<{ subject: UserId }>(
    "select subject from sealdesk.reports where id = $1",
    [id],
  );
  return rows[0]!.subject;
}
