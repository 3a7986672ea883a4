import type { ConversationId, HoldId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { deferErasure } from "../../../workflows/holds/defer-erasure.ts";
import { escalateWaiting } from "../../../workflows/holds/escalate-waiting.ts";
import { heldAmong, itemOfScope, type HoldableItem } from "../../../workflows/holds/held-among.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { MATTER, placeHold, releaseHold, requestRelease } from "../../support/holds.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { runSealdesk } from "../../support/sealdesk-command.ts";
import { startTestServer, type TestServer, type TestTenant } from "../../support/server.ts";
import { until } from "../../support/until.ts";

const DAY_MS = 86_400_000;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server.close());

/** A tenant with a customer, two of their conversations, and two officers. */
async function arrange() {
  const tenant = await server.createTenant();
  const device = (role?: Parameters<typeof staffDevice>[1]) => staffDevice(server, role, tenant);
  const [customer, agent] = [await customerDevice(server, undefined, tenant), await device()];
  const [officer, other] = [await device("compliance_officer"), await device("compliance_officer")];
  const conversations = [
    await createConversation(customer, [agent]),
    await createConversation(customer, [agent]),
  ] as const;
  return { tenant, customer, agent, officer, other, conversations };
}

const refusal = (code: string) => ({ body: expect.objectContaining({ code }) });

const place = (officer: TestDevice, custodian: TestDevice, ...items: readonly object[]) =>
  placeHold(server, officer, custodian, ...items);

/** Returns which of the items are held, and by which holds. */
const held = (tenant: TestTenant, ...items: readonly HoldableItem[]) =>
  inTransaction(server.database.pool, tenant.id, async (client) =>
    (await heldAmong(client, tenant.id, items)).map((each) => each.map(({ hold }) => hold)),
  );

test("a hold preserves the items that it names, and nothing else of the account", async () => {
  const { tenant, customer, agent, officer, other, conversations } = await arrange();
  const [first, second] = conversations;
  const { user: subject } = customer;
  expect(await place(agent, officer, { conversation: first })).toMatchObject(refusal("forbidden"));
  expect(await place(officer, customer, { conversation: first })).toMatchObject(
    refusal("invalid_hold"),
  );
  expect(await place(officer, officer, { conversation: newId() })).toMatchObject(
    refusal("invalid_hold"),
  );
  const placed = await place(officer, agent, { conversation: first });
  expect(placed).toMatchObject({ status: 201, body: { conversations: 1 } });
  const { id } = placed.body;
  const account = { subject };
  const inFirst = { subject, conversation: first };
  const inSecond = { subject, conversation: second };
  expect(await held(tenant, account, inFirst, inSecond)).toEqual([[], [id], []]);

  // The custodian reads their own hold, another agent none. Nobody else is told the matter.
  const stranger = await staffDevice(server, "agent", tenant);
  const read = (device: TestDevice) => device.request("GET", `/v1/holds/${id}`);
  expect((await read(agent)).body).toMatchObject({
    matter: MATTER,
    items: [{ conversation: first }],
  });
  expect(await read(stranger)).toMatchObject(refusal("hold_not_found"));
  expect((await stranger.request("GET", "/v1/holds")).body).toEqual({ holds: [], next: null });
  const entries = await server.auditEntries(tenant);
  expect(entries).toContainEqual(
    expect.objectContaining({
      action: "hold.place",
      details: expect.objectContaining({ items: [{ conversation: first }] }),
    }),
  );
  expect(JSON.stringify(entries)).not.toContain(MATTER);
  const { alerts } = (await other.request("GET", "/v1/alerts")).body;
  expect(alerts).toContainEqual(expect.objectContaining({ action: "hold.place", resource: id }));

  // The login of the server alone does not end a hold, nor without a second person.
  const alone = (statement: string) =>
    inTransaction(server.database.pool, tenant.id, (client) => client.query(statement));
  await expect(alone(`update holds set released_at_ms = 1 where id = '${id}'`)).rejects.toThrow(
    /permission denied/,
  );
  await alone(`select sealdesk.release_hold('${id}', '${newId<Uuid>()}')`);
  expect(await held(tenant, inFirst)).toEqual([[id]]);
  const asked = await requestRelease(officer, id);
  expect(
    await officer.request("POST", `/v1/approvals/${asked.body.id}/approval`, {
      body: { hash: asked.body.hash },
    }),
  ).toMatchObject(refusal("own_approval"));
  expect((await releaseHold(officer, other, id)).body).toEqual({ waitsFor: 0 });
  expect(await held(tenant, inFirst)).toEqual([[]]);
  expect(
    await officer.request("PUT", `/v1/holds/${id}/review-date`, {
      body: { reviewAtMs: server.clock.now() + DAY_MS },
    }),
  ).toMatchObject(refusal("hold_released"));
});

test("a list of holds goes on to the oldest, for a custodian too", async () => {
  const { tenant, agent, officer, conversations } = await arrange();
  const [conversation] = conversations;
  const { id } = (await place(officer, agent, { conversation })).body;
  const later = `
    with placed as (
      insert into sealdesk.holds (tenant, id, matter, citation, custodian, placed_by, placed_at_ms, review_at_ms, salt, commitment)
      select h.tenant, gen_random_uuid(), h.matter, h.citation, $2, h.placed_by, h.placed_at_ms + 1 + n / 7, h.review_at_ms, h.salt, h.commitment
      from sealdesk.holds h cross join generate_series(1, 220) n where h.id = $1 returning tenant, id)
    insert into sealdesk.hold_items (tenant, hold, position, conversation) select tenant, id, 0, $3 from placed`;
  await server.database.owner.query(later, [id, officer.user, conversation]);
  const list = async (device: TestDevice) => {
    const found: string[] = [];
    let next: string | null = null;
    do {
      const after: string = next === null ? "" : `?after=${next}`;
      const { body } = await device.request("GET", `/v1/holds${after}`);
      found.push(...body.holds.map((each: { readonly id: string }) => each.id));
      next = body.next;
    } while (next !== null);
    return found;
  };
  expect(await list(agent)).toEqual([id]);
  const all = await list(officer);
  expect([all.length, new Set(all).size, all.at(-1)]).toEqual([221, 221, id]);
  const { out } = await runSealdesk(server, ["hold", "list", "--tenant", tenant.slug]);
  expect(out.trim().split("\n")).toHaveLength(221);
});

test("holds by person and by time cover what fulfils all that they name", async () => {
  const { tenant, customer, agent, officer, conversations } = await arrange();
  const [conversation] = conversations;
  const { user: subject } = customer;
  const id = async (item: object): Promise<HoldId> => (await place(officer, officer, item)).body.id;
  const scope = (period: number) =>
    itemOfScope({ subject, conversation, author: agent.user, period });
  const person = await id({ subject });
  expect(await held(tenant, { subject }, scope(1))).toEqual([[person], [person]]);
  // Of a member of staff it is the account and every conversation that they are or were in.
  const ofAgent = await id({ subject: agent.user });
  expect(await held(tenant, { subject: agent.user }, { subject })).toEqual([[ofAgent], [person]]);
  expect((await held(tenant, scope(1)))[0]).toEqual([person, ofAgent].toSorted());
  const { fromMs = 0, untilMs = 0 } = scope(7) as { fromMs?: number; untilMs?: number };
  const range = await id({ fromMs: untilMs - 1, untilMs });
  expect(await held(tenant, { subject: newId<UserId>() })).toEqual([[]]);
  const unknown = { subject: newId<UserId>(), conversation: newId<ConversationId>() };
  expect(
    await held(
      tenant,
      { ...unknown, fromMs, untilMs },
      { ...unknown, fromMs: untilMs, untilMs: untilMs + 1 },
      { ...unknown, fromMs, untilMs: untilMs - 1 },
      unknown,
    ),
  ).toEqual([[range], [], [], [range]]);
});

test("a destruction and a hold at the same moment come one after the other", async () => {
  const { tenant, customer, officer, conversations } = await arrange();
  const item = { subject: customer.user, conversation: conversations[0] };
  let answered = false;
  let placing: Promise<{ readonly status: number }> | undefined;
  await inTransaction(server.database.pool, tenant.id, async (client) => {
    expect(await heldAmong(client, tenant.id, [item])).toEqual([[]]);
    placing = place(officer, officer, { conversation: item.conversation }).finally(() => {
      answered = true;
    });
    await until(async () => {
      const { rowCount } = await server.database.owner.query(
        `select from pg_locks where locktype = 'advisory' and not granted
           and database = (select oid from pg_database where datname = current_database())`,
      );
      return rowCount === 1;
    });
    // Another destruction that has begun before may still ask.
    expect(answered).toBe(false);
  });
  expect((await placing)?.status).toBe(201);
  expect((await held(tenant, item))[0]).toHaveLength(1);
});

test("a release re-opens each erasure that the hold had deferred, and it escalates if nobody sees to it", async () => {
  const { tenant, customer, officer, other, conversations } = await arrange();
  const [first, second] = conversations;
  const { user: subject } = customer;
  const { pool, owner } = server.database;
  const one: HoldId = (
    await place(officer, officer, { conversation: first }, { conversation: second })
  ).body.id;
  const two: HoldId = (await place(officer, officer, { conversation: second })).body.id;
  const erasure = newId<Uuid>();
  const items = conversations.map((conversation) => ({
    item: { subject, conversation },
    hold: one,
  }));
  const defer = () =>
    inTransaction(pool, tenant.id, (client) =>
      deferErasure(client, tenant.id, { erasure, subject, items }, server.clock.now()),
    );
  await defer();
  await defer();
  const attend = (device: TestDevice) =>
    device.request("POST", `/v1/reopened-erasures/${erasure}/attendance`);
  expect(await attend(officer)).toMatchObject(refusal("reopened_erasure_not_found"));

  // What the other hold covers stays deferred by that one.
  await releaseHold(officer, other, one);
  const waiting = async () =>
    (await other.request("GET", "/v1/reopened-erasures")).body.erasures as readonly object[];
  expect(await waiting()).toMatchObject([
    { erasure, subject, hold: one, items: 1, isEscalated: false },
  ]);
  const { rows } = await owner.query<{ days: number }>(
    `select ((due_at_ms - reopened_at_ms) / 86400000)::integer as days from sealdesk.deferred_erasures
     where due_at_ms is not null and erasure = $1`,
    [erasure],
  );
  expect(rows).toEqual([{ days: 30 }]);
  await releaseHold(officer, other, two);
  expect(await waiting()).toMatchObject([{ erasure, items: 2 }]);

  const deps = { pool, now: () => server.clock.now() };
  expect(await escalateWaiting(deps)).toBe(0);
  await owner.query(
    "update sealdesk.deferred_erasures set due_at_ms = sealdesk.database_now_ms() where erasure = $1",
    [erasure],
  );
  expect(await escalateWaiting(deps)).toBe(1);
  expect(await escalateWaiting(deps)).toBe(0);
  expect(await waiting()).toMatchObject([{ erasure, isEscalated: true }]);
  const { alerts } = (await other.request("GET", "/v1/alerts")).body;
  expect(alerts).toContainEqual(
    expect.objectContaining({ action: "hold.escalate", resource: erasure }),
  );
  expect((await attend(officer)).status).toBe(204);
  expect(await waiting()).toEqual([]);
});

test("a release needs a fresh proof of the officer who asks, and that this officer may still ask", async () => {
  const { officer, other, conversations, tenant } = await arrange();
  const { owner } = server.database;
  const { id } = (await place(officer, officer, { conversation: conversations[0] })).body;
  const ofOfficer = (statement: string) => owner.query(statement, [officer.user]);
  // Of a session of an identity provider, a recent sign-in there is the proof.
  const setMethod = (method: string) =>
    ofOfficer(`update sealdesk.sessions set method = '${method}' where user_id = $1`);
  await setMethod("oidc");
  expect(await requestRelease(officer, id)).toMatchObject(refusal("step_up_required"));
  await setMethod("password");
  const { id: request, hash } = (await requestRelease(officer, id)).body;
  const approve = () =>
    other.request("POST", `/v1/approvals/${request}/approval`, { body: { hash } });
  const changes = [
    ["users set role = 'auditor' where id", "users set role = 'compliance_officer' where id"],
    ["users set disabled_at_ms = 1 where id", "users set disabled_at_ms = null where id"],
    [
      "devices set created_at_ms = created_at_ms + 86400000 where user_id",
      "devices set created_at_ms = created_at_ms - 86400000 where user_id",
    ],
  ] as const;
  for (const [change, putBack] of changes) {
    await ofOfficer(`update sealdesk.${change} = $1`);
    expect(await approve()).toMatchObject(refusal("approval_changed"));
    await ofOfficer(`update sealdesk.${putBack} = $1`);
  }
  const item = { subject: officer.user, conversation: conversations[0] };
  expect(await held(tenant, item)).toEqual([[id]]);
  expect((await approve()).body).toEqual({ waitsFor: 0 });
});

test("items that are one, or that several holds cover, are deferred once, and a repeat changes nothing", async () => {
  const { tenant, customer, agent, officer, other, conversations } = await arrange();
  const [conversation] = conversations;
  const { user: subject } = customer;
  const { pool, owner } = server.database;
  const hold = async (): Promise<HoldId> =>
    (await place(officer, officer, { conversation })).body.id;
  const [one, two] = [await hold(), await hold()];
  const erasure = newId<Uuid>();
  const of = (author: UserId) => itemOfScope({ subject, conversation, author, period: 1 });
  const scopes = [of(subject), of(agent.user)];
  const defer = (holds: readonly HoldId[], items = scopes, person = subject) =>
    inTransaction(pool, tenant.id, (client) =>
      deferErasure(
        client,
        tenant.id,
        {
          erasure,
          subject: person,
          items: items.flatMap((item) => holds.map((each) => ({ item, hold: each }))),
        },
        server.clock.now(),
      ),
    );
  const rows = async () =>
    (
      await owner.query(
        `select subject, hold, until_ms::float8 as "untilMs", attended_by as "attendedBy" from sealdesk.deferred_erasures
         where erasure = $1 order by deferred_at_ms, subject`,
        [erasure],
      )
    ).rows as readonly object[];
  const [first] = scopes as [HoldableItem & { readonly untilMs: number }];
  await defer([one, two]);
  await defer([two, one]);
  expect(await rows()).toMatchObject([{ subject, untilMs: first.untilMs }]);
  const later = { ...first, untilMs: first.untilMs + 1 };
  await defer([one], [later]);
  await defer([one], [first]);
  expect(await rows()).toMatchObject([{ untilMs: later.untilMs }]);

  // Another person's part of the conversation is another one.
  await defer([two], [first], agent.user);
  expect(await rows()).toHaveLength(2);
  await releaseHold(officer, other, one);
  await releaseHold(officer, other, two);
  await officer.request("POST", `/v1/reopened-erasures/${erasure}/attendance`);
  const attended = await rows();
  expect(attended).toMatchObject([{ attendedBy: officer.user }, { attendedBy: officer.user }]);
  await defer([two], [later]);
  expect(await rows()).toEqual(attended);
  // A hold that is placed later defers it again.
  await defer([await hold()], [later]);
  expect((await rows()).map((row) => "attendedBy" in row && row.attendedBy)).toContain(null);
});
