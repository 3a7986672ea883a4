import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AttachmentId, ConversationId } from "../../../crypto/wire/ids.ts";
import type { Cursor } from "../../../crypto/wire/frame.ts";
import { periodOf } from "../../../crypto/wire/key-period.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { lockedAmong } from "../../../workflows/retention/locked-among.ts";
import { purgeTenant, type PurgeDeps } from "../../../workflows/retention/purge.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { placeHold, releaseHold } from "../../support/holds.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { age, put, save } from "../../support/retention.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;

let server: TestServer;
let deps: PurgeDeps;
beforeAll(async () => {
  server = await startTestServer();
  const keystore = createKeystorePool(server.loginUrl);
  const now = () => server.clock.now();
  deps = { pool: server.database.pool, now, destroy: { keystore, apart: undefined, now } };
});
afterAll(async () => {
  await deps.destroy.keystore.end();
  await server.close();
});

const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });

async function arrange() {
  const tenant = await server.createTenant();
  const device = (role?: Parameters<typeof staffDevice>[1]) => staffDevice(server, role, tenant);
  const [customer, agent] = [await customerDevice(server, undefined, tenant), await device()];
  const [admin, officer] = [await device("admin"), await device("compliance_officer")];
  const conversations = [
    await createConversation(customer, [agent]),
    await createConversation(customer, [agent]),
  ] as const;
  return { tenant, customer, agent, admin, officer, conversations };
}

/** Posts as many messages to each conversation. */
async function post(
  { customer, agent }: { readonly customer: TestDevice; readonly agent: TestDevice },
  messages: readonly (readonly [ConversationId, number])[],
): Promise<void> {
  // It begins at the end of the logs: what a test has made older cannot be opened any more.
  const { rows: ends } = await server.database.owner.query<Cursor>(
    "select conversation, max(seq)::int as seq from sealdesk.events where conversation = any($1) group by 1",
    [messages.map(([conversation]) => conversation)],
  );
  const sender = await RelaySocket.open(server, customer, ends);
  for (const [conversation, count] of messages)
    for (let index = 0; index < count; index++)
      expect(await sender.post(messageTo(conversation, [agent]))).toHaveProperty("seq");
  await sender.close();
}

async function messagesIn(conversation: ConversationId): Promise<number> {
  const { rows } = await server.database.owner.query<{ count: number }>(
    "select count(*)::integer as count from sealdesk.events where conversation = $1 and kind = 1",
    [conversation],
  );
  return rows[0]?.count ?? 0;
}

const entriesOf = async (tenant: TestTenant, action: string) =>
  (await server.auditEntries(tenant)).filter((each) => each["action"] === action);

test("a lock lengthens and never shortens, and no schedule goes below it", async () => {
  const { tenant, customer, admin, officer, conversations } = await arrange();
  const lock = (device: TestDevice, days: number) =>
    device.request("POST", "/v1/retention/locks", {
      body: { days, citation: "17 CFR 240.17a-4(b)(4)" },
    });
  expect(await lock(admin, 2_200)).toMatchObject(refusal("forbidden"));
  const { id } = (await lock(officer, 2_200)).body;
  expect(await save(admin, [{ days: 30 }])).toMatchObject({
    status: 409,
    ...refusal("retention_locked"),
  });
  expect(await lock(officer, 30)).toMatchObject(refusal("retention_locked"));
  expect((await admin.request("GET", "/v1/retention")).body).toMatchObject({
    rules: [],
    versions: [],
    locks: [{ id, days: 2_200, citation: "17 CFR 240.17a-4(b)(4)" }],
  });
  expect(await entriesOf(tenant, "retention.save")).toMatchObject([
    { outcome: "refused", reason: "retention_locked", details: { rules: [{ days: 30 }] } },
  ]);
  expect((await lock(officer, 2_600)).body).toEqual({ id });
  await put(admin, officer, [{ days: 2_600 }]);
  // Behind the rules stands the database, also for a superuser.
  const { owner } = server.database;
  for (const statement of [
    "update sealdesk.retention_locks set days = 30 where id = $1",
    "delete from sealdesk.retention_locks where id = $1",
  ])
    await expect(owner.query(statement, [id])).rejects.toThrow(/lengthened only/);
  // Whoever takes the guard away is named by the comparison of the database with the log.
  const differing = () => runSealdesk(server, ["audit", "reconcile", "--tenant", tenant.slug]);
  const before = await differing();
  expect(before.out + before.err).not.toContain("sealdesk.retention_");
  await owner.query(`begin; alter table sealdesk.retention_locks disable trigger all;
    update sealdesk.retention_locks set days = 31 where id = '${id}';
    update sealdesk.retention_versions set rules = '[{"days": 31}]' where tenant = '${tenant.id}';
    alter table sealdesk.retention_locks enable always trigger locks_are_only_lengthened,
      enable always trigger locks_stay; commit`);
  const after = await differing();
  expect(after.out + after.err).toMatch(/retention_locks \S+ says 31 days, .* says 2600 days, /);
  expect(after.out + after.err).toContain("sealdesk.retention_versions 1 says rules ");
  await owner.query("update sealdesk.retention_locks set days = 2600 where id = $1", [id]);
  // An erasure asks for the locks of its items.
  const [conversation] = conversations;
  const { user: subject } = customer;
  const [locked, account] = await inTransaction(server.database.pool, tenant.id, (client) =>
    lockedAmong(client, [
      { subject, conversation, fromMs: 0, untilMs: DAY_MS * 20_000 },
      { subject },
    ]),
  );
  expect(locked).toEqual([
    { lock: id, citation: "17 CFR 240.17a-4(b)(4)", untilMs: DAY_MS * (20_000 + 2_600) },
  ]);
  expect(account).toEqual([]);
});

test("what has expired is hidden and purged, except what a hold preserves", async () => {
  const people = await arrange();
  const { tenant, agent, admin, officer, conversations } = people;
  const [first, second] = conversations;
  const other = await staffDevice(server, "compliance_officer", tenant);
  await post(people, [
    [first, 4],
    [second, 3],
  ]);
  await age(server, conversations, 40);
  const { id: hold } = (await placeHold(server, officer, officer, { conversation: second })).body;

  const preview = await admin.request("POST", "/v1/retention/previews", {
    body: { rules: [{ days: 30 }] },
  });
  const none = { conversations: 0, messages: 0, attachments: 0, bytes: 0, held: 0 };
  expect(preview.body).toMatchObject({
    isShortening: true,
    effects: [
      { before: none, after: { conversations: 2, messages: 7, held: 3 } },
      { before: none, after: { messages: 7 } },
      { before: none, after: { messages: 7 } },
    ],
  });
  const { body: saved } = await save(admin, [{ days: 30 }]);
  expect(saved).toMatchObject({ version: 1, effectiveFromMs: null });
  expect(await purgeTenant(deps, tenant.id)).toBe(0);
  const approve = (device: TestDevice) =>
    device.request("POST", `/v1/approvals/${saved.approval.id}/approval`, {
      body: { hash: saved.approval.hash },
    });
  expect(await approve(admin)).toMatchObject(refusal("own_approval"));
  const { owner } = server.database;
  const disable = (atMs: number | null) =>
    owner.query("update sealdesk.users set disabled_at_ms = $2 where id = $1", [admin.user, atMs]);
  await disable(1);
  expect(await approve(officer)).toMatchObject(refusal("approval_changed"));
  await disable(null);
  expect((await approve(officer)).body).toEqual({ waitsFor: 0 });

  // Nobody is shown it from now on, held or not.
  const reader = await RelaySocket.open(server, agent);
  const gaps = [await reader.next("gap"), await reader.next("gap")];
  expect(gaps.map(({ reason }) => reason)).toEqual(["erased", "erased"]);
  await reader.close();

  // Clocks that disagree stop the purge.
  server.clock.offsetMs = 60_000;
  await expect(purgeTenant(deps, tenant.id)).rejects.toMatchObject({ code: "clocks_apart" });
  server.clock.offsetMs = 0;
  expect([await messagesIn(first), await messagesIn(second)]).toEqual([4, 3]);

  // The last event of a conversation stays, so that its log goes on. Its key goes with its period.
  await server.database.owner.query(
    "update keystore.scope_keys set period = period - 2 where conversation = any($1)",
    [conversations],
  );
  expect(await purgeTenant(deps, tenant.id)).toBe(3);
  expect(await purgeTenant(deps, tenant.id)).toBe(0);
  expect([await messagesIn(first), await messagesIn(second)]).toEqual([1, 3]);
  const keys = async (conversation: ConversationId) => {
    const { rows } = await server.database.owner.query<{ live: boolean }>(
      "select wrapped is not null as live from keystore.scope_keys where conversation = $1",
      [conversation],
    );
    return rows.map(({ live }) => live);
  };
  expect([await keys(first), await keys(second)]).toEqual([[false], [true]]);
  expect(await entriesOf(tenant, "retention.purge")).toMatchObject([
    { details: { conversations: [first], events: 3, attachments: 0 } },
  ]);
  await releaseHold(officer, other, hold);
  expect(await purgeTenant(deps, tenant.id)).toBe(2);
  expect(await messagesIn(second)).toBe(1);
});

test("a classification counts for what is received from then on, and holds can name its team", async () => {
  const people = await arrange();
  const { tenant, admin, officer, conversations } = people;
  const [first, second] = conversations;
  const classify = (device: TestDevice, conversation: string, labels: object) =>
    device.request("PUT", `/v1/conversations/${conversation}/classification`, { body: labels });
  await post(people, [
    [first, 2],
    [second, 2],
  ]);
  await age(server, conversations, 40);
  expect(await classify(admin, first, { team: "sales" })).toMatchObject(refusal("forbidden"));
  expect((await classify(officer, first, { team: "sales" })).body).toEqual({ approval: null });
  await put(admin, officer, [{ days: 30 }, { team: "sales", days: 10 }]);
  // Of the class, the old records are not; they are as all others.
  await post(people, [[first, 2]]);
  const place = (item: object) => placeHold(server, officer, officer, item);
  expect((await place({ team: "sales" })).body).toMatchObject({ conversations: 1 });
  expect(await purgeTenant(deps, tenant.id)).toBe(1);
  expect([await messagesIn(first), await messagesIn(second)]).toEqual([4, 1]);
});

test("labels with which records are kept for a shorter time need a second person", async () => {
  const { tenant, admin, officer, conversations } = await arrange();
  const other = await staffDevice(server, "compliance_officer", tenant);
  const [conversation] = conversations;
  const classify = (labels: object) =>
    officer.request("PUT", `/v1/conversations/${conversation}/classification`, { body: labels });
  const stored = async () => {
    const { rows } = await server.database.owner.query<{ team: string | null }>(
      "select team from sealdesk.classifications where conversation = $1 order by from_ms",
      [conversation],
    );
    return rows.map(({ team }) => team);
  };
  await put(admin, officer, [{ days: 30 }, { team: "sales", days: 10 }, { team: "law", days: 90 }]);
  expect(await classify({ team: "sales" })).toMatchObject(refusal("invalid_retention"));
  const { approval } = (await classify({ team: "sales", reason: "it is about an offer" })).body;
  expect(await stored()).toEqual([]);
  const approve = (device: TestDevice) =>
    device.request("POST", `/v1/approvals/${approval.id}/approval`, {
      body: { hash: approval.hash },
    });
  expect(await approve(officer)).toMatchObject(refusal("own_approval"));
  expect((await approve(other)).body).toEqual({ waitsFor: 0 });
  expect(await stored()).toEqual(["sales"]);
  // What keeps records longer needs nobody else.
  expect((await classify({ team: "law" })).body).toEqual({ approval: null });
  expect(await stored()).toEqual(["sales", "law"]);
  expect(
    (await entriesOf(tenant, "retention.classify"))
      .filter(({ outcome }) => outcome === "success")
      .map(({ details }) => Object.keys(details as object).toSorted()),
  ).toEqual([
    ["hash", "request", "team"],
    ["fromMs", "hash", "request", "requester", "team"],
    ["fromMs", "team"],
  ]);
});

test("labels that a coming version would keep for a shorter time need a second person already", async () => {
  const { tenant, admin, officer, conversations } = await arrange();
  await put(admin, officer, [{ days: 90 }, { team: "sales", days: 90 }]);
  await server.database.owner.query(
    `insert into sealdesk.retention_versions (tenant, version, rules, hash, saved_by, saved_at_ms, effective_from_ms)
     select tenant, version + 1, $2, hash, saved_by, saved_at_ms, $3 from sealdesk.retention_versions where tenant = $1
     order by version desc limit 1`,
    [tenant.id, '[{"days":90},{"team":"sales","days":10}]', Date.now() + DAY_MS],
  );
  const path = `/v1/conversations/${conversations[0]}/classification`;
  const classified = await officer.request("PUT", path, { body: { team: "sales" } });
  expect(classified).toMatchObject(refusal("invalid_retention"));
});

test("an attachment expires with its message, and its key stays until then", async () => {
  const people = await arrange();
  const { tenant, customer, admin, officer, conversations } = people;
  const [conversation] = conversations;
  const { owner } = server.database;
  const createdAtMs = Date.now() - 75 * DAY_MS;
  const attach = async (): Promise<AttachmentId> => {
    const id = newId<AttachmentId>();
    await owner.query(
      `insert into sealdesk.attachments (id, tenant, conversation, uploader, device, size, state, sha256, seq,
         created_at_ms, expires_at_ms, key_id, salt, chunks)
       select $1, $2, $3, $4, $5, 5, 'complete', $6, max(seq), $7, $7, $1, $6, 1 from sealdesk.events where conversation = $3`,
      [id, tenant.id, conversation, customer.user, customer.id, Buffer.alloc(32), createdAtMs],
    );
    await owner.query(
      "insert into sealdesk.attachment_references (tenant, attachment, conversation) values ($1, $2, $3)",
      [tenant.id, id, conversation],
    );
    return id;
  };
  const sent = await attach();
  await post(people, [[conversation, 2]]);
  await age(server, [conversation], 40);
  // Its message is sent long after the upload.
  const late = await attach();
  await post(people, [[conversation, 1]]);
  await owner.query("update keystore.scope_keys set period = $2 where conversation = $1", [
    conversation,
    periodOf(createdAtMs),
  ]);
  await put(admin, officer, [{ days: 30 }]);
  const referred = async () => {
    const { rows } = await owner.query<{ attachment: AttachmentId }>(
      "select attachment from sealdesk.attachment_references where attachment = any($1)",
      [[sent, late]],
    );
    return rows.map(({ attachment }) => attachment);
  };
  const livingKeys = async () => {
    const { rowCount } = await owner.query(
      "select from keystore.scope_keys where conversation = $1 and wrapped is not null",
      [conversation],
    );
    return rowCount;
  };
  expect(await purgeTenant(deps, tenant.id)).toBe(2);
  expect([await referred(), await livingKeys()]).toEqual([[late], 1]);
  await age(server, [conversation], 40);
  await purgeTenant(deps, tenant.id);
  expect([await referred(), await livingKeys()]).toEqual([[], 0]);
});

test("a purge that is killed goes on where it stopped", async () => {
  const people = await arrange();
  const { tenant, admin, officer, conversations } = people;
  const [first, second] = conversations.toSorted();
  if (first === undefined || second === undefined) throw new Error("there are two");
  await post(people, [
    [first, 4],
    [second, 4],
  ]);
  await age(server, conversations, 40);
  await put(admin, officer, [{ days: 30 }]);
  const program = `
    import { createKeystorePool, createPool } from "./dist/db/pool.js";
    import { purgeTenant } from "./dist/workflows/retention/purge.js";
    const url = process.env.PURGE_URL;
    const keystore = createKeystorePool(url);
    const destroy = { keystore, apart: undefined, now: Date.now };
    await purgeTenant({ pool: createPool(url), now: Date.now, destroy, most: 3 }, "${tenant.id}");
  `;
  const { owner } = server.database;
  // The second batch waits for a row of the second conversation.
  const holding = await owner.connect();
  await holding.query("begin");
  await holding.query("select from sealdesk.events where conversation = $1 for update", [second]);
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    env: { ...process.env, PURGE_URL: server.loginUrl },
    stdio: "inherit",
  });
  await until(async () => (await messagesIn(first)) === 1);
  child.kill("SIGKILL");
  await once(child, "exit");
  await holding.query("rollback");
  holding.release();
  await until(async () => {
    await purgeTenant({ ...deps, most: 2 }, tenant.id);
    return (await messagesIn(second)) === 1;
  });
  const purged = await entriesOf(tenant, "retention.purge");
  const events = purged.map(({ details }) => (details as { events: number }).events);
  expect(events.reduce((sum, each) => sum + each, 0)).toBe(6);
});
