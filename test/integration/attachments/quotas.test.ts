import { OPERATOR } from "../../../audit/operator.ts";
import { randomUUID } from "node:crypto";
import { recountStorage } from "../../../messaging/storage/recount.ts";
import { sweepTenant } from "../../../messaging/attachments/sweep.ts";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { RunningDigests } from "../../../messaging/attachments/running-digests.ts";
import { SeededRandom } from "../../../tools/testkit/seeded-random.ts";
import { customerDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { begin, patch, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const hour = 3_600_000;
let server: TestServer;
let customer: TestDevice;
let conversation: ConversationId;
let other: TestDevice;
let elsewhere: ConversationId;
beforeEach(async () => {
  server = await startTestServer();
  [customer, other] = [await customerDevice(server), await customerDevice(server)];
  conversation = await createConversation(customer, []);
  elsewhere = await createConversation(other, []);
});
afterEach(() => server.close());

const limit = (column: string, value: number) =>
  server.database.owner.query(`update sealdesk.tenants set ${column} = $1 where id = $2`, [
    value,
    server.tenant.id,
  ]);

async function refusalOf(begun: ReturnType<typeof begin>): Promise<[number, string | undefined]> {
  const { reply } = await begun;
  if (reply.status === 201) return [201, undefined];
  return [reply.status, ((await reply.json()) as { detail: string }).detail];
}

test.each([
  ["attachment_account_count", "The account has too many attachments. Remove some first."],
  ["upload_account_count", "The account has too many unfinished uploads. Complete or remove one."],
])("%s bounds tiny attachments of one account, and of no other", async (column, detail) => {
  await limit(column, 3);
  for (let left = 3; left > 0; left--)
    expect(await refusalOf(begin(server, customer, conversation, 1))).toEqual([201, undefined]);
  expect(await refusalOf(begin(server, customer, conversation, 1))).toEqual([507, detail]);
  expect(await refusalOf(begin(server, other, elsewhere, 1))).toEqual([201, undefined]);
});

test("attachment_tenant_count bounds all attachments of a tenant", async () => {
  await limit("attachment_tenant_count", 2);
  await uploaded(server, customer, conversation, new Uint8Array(1));
  await uploaded(server, other, elsewhere, new Uint8Array(1));
  expect(await refusalOf(begin(server, other, elsewhere, 1))).toEqual([
    507,
    "The tenant has too many attachments.",
  ]);
});

test("unfinished uploads of an account are bounded in bytes, but one always fits", async () => {
  await limit("upload_account_bytes", 1_000);
  const first = await begin(server, customer, conversation, 5_000);
  expect(first.reply.status).toBe(201);
  expect((await refusalOf(begin(server, customer, conversation, 1)))[0]).toBe(507);
  await patch(server, customer, first.path, 0, new Uint8Array(5_000));
  expect((await refusalOf(begin(server, customer, conversation, 1)))[0]).toBe(201);
});

test("promised bytes hold nothing of the tenant's quota", async () => {
  await limit("attachment_tenant_bytes", 1_000);
  const promised = await begin(server, customer, conversation, 900);
  expect(promised.reply.status).toBe(201);
  await uploaded(server, other, elsewhere, new Uint8Array(500));
  const tooLate = await patch(server, customer, promised.path, 0, new Uint8Array(900));
  expect(tooLate.status).toBe(507);
  expect(await tooLate.json()).toMatchObject({ code: "quota_exceeded" });
  const smaller = await uploaded(server, other, elsewhere, new Uint8Array(500));
  expect((await send(server, other, "DELETE", smaller)).status).toBe(204);
  expect((await refusalOf(begin(server, other, elsewhere, 501)))[0]).toBe(507);
  expect((await refusalOf(begin(server, other, elsewhere, 500)))[0]).toBe(201);
});

test("removed attachments give their space back", async () => {
  await limit("attachment_account_count", 1);
  const path = await uploaded(server, customer, conversation, new Uint8Array(10));
  expect((await refusalOf(begin(server, customer, conversation, 1)))[0]).toBe(507);
  expect((await send(server, customer, "DELETE", path)).status).toBe(204);
  expect((await refusalOf(begin(server, customer, conversation, 1)))[0]).toBe(201);
});

/** Lets time pass for the uploads. */
const pass = (ms: number) =>
  server.database.owner.query(
    "update sealdesk.attachments set expires_at_ms = expires_at_ms - $1",
    [ms],
  );

const sweep = async () =>
  sweepTenant(
    {
      pool: server.database.pool,
      store: directoryStore(`${server.home}/attachments`),
      digests: new RunningDigests(),
      now: () => server.clock.now(),
    },
    server.tenant.id,
  );

test("an upload without a byte expires after an hour, and one with a byte after a day", async () => {
  const empty = await begin(server, customer, conversation, 100);
  const begun = await begin(server, customer, conversation, 100);
  const expiry = (reply: Response) => Date.parse(reply.headers.get("upload-expires") ?? "");
  expect(expiry(empty.reply)).toBeLessThanOrEqual(server.clock.now() + hour);
  const patched = await patch(server, customer, begun.path, 0, new Uint8Array(1));
  expect(expiry(patched)).toBeGreaterThan(server.clock.now() + 23 * hour);
  await pass(hour + 60_000);
  expect(await sweep()).toBe(1);
  const { rows } = await server.database.owner.query("select id from sealdesk.attachments");
  expect(rows).toEqual([{ id: begun.path.slice(-36) }]);
});

const recount = () =>
  recountStorage(server.database.pool, server.tenant.id, { by: OPERATOR, nowMs: 0 });

test("counts equal the stored bytes after any order of uploads and removals", async () => {
  const random = new SeededRandom(20_260_714);
  const owners = [
    [customer, conversation],
    [other, elsewhere],
  ] as const;
  const paths: { path: string; device: TestDevice; size: number }[] = [];
  const steps = [
    async () => {
      const [device, where] = random.pick(owners);
      const size = 1 + random.below(70_000);
      const { reply, path } = await begin(server, device, where, size, randomUUID());
      expect(reply.status).toBe(201);
      paths.push({ path, device, size });
    },
    async () => {
      const { path, device, size } = random.pick(paths);
      await patch(server, device, path, 0, new Uint8Array(1 + random.below(size)));
    },
    async () => {
      const { path, device, size } = random.pick(paths);
      await patch(server, device, path, 0, new Uint8Array(size));
    },
    async () => {
      const { path, device } = random.pick(paths);
      await send(server, device, "DELETE", path);
    },
    async () => void (await sweep()),
    async () => void (await pass(60_000)),
  ];
  await steps[0]?.();
  for (let step = 0; step < 120; step++) await random.pick(steps)();
  await pass(hour);
  await sweep();
  expect(await recount()).toEqual([]);
  await server.database.owner.query("delete from sealdesk.attachments where state = 'complete'");
  expect(await recount()).toEqual([]);
}, 120_000);

test("a recount finds and corrects counts that drifted", async () => {
  await uploaded(server, customer, conversation, new Uint8Array(10));
  const { owner } = server.database;
  await owner.query("update sealdesk.storage_usage set bytes = 7 where kind = 'attachments'");
  await owner.query(
    "delete from sealdesk.storage_usage where kind = 'attachments_of_conversation'",
  );
  expect((await recount()).toSorted((a, b) => (a.kind < b.kind ? -1 : 1))).toEqual([
    { kind: "attachments", owner: server.tenant.id, items: 0, bytes: 3 },
    { kind: "attachments_of_conversation", owner: conversation, items: 1, bytes: 10 },
  ]);
  expect(await recount()).toEqual([]);
});
