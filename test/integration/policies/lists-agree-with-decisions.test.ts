import fc from "fast-check";
import pg from "pg";
import { nilId, type TenantId, type UserId } from "../../../crypto/wire/ids.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { staffRows } from "../../../identity/accounts/staff-rows.ts";
import { conversationsOfMember } from "../../../messaging/members/conversation-rows.ts";
import type { Actor } from "../../../policies/actor.ts";
import { grantingRule, type Facts } from "../../../policies/granting-rule.ts";
import { allowedRows, type ListedRows } from "../../../policies/lists/allowed-rows.ts";
import type { Policy } from "../../../policies/policy.ts";
import { roles, type Role } from "../../../policies/roles.ts";
import { conditionFacts } from "../../../policies/versions/condition-facts.ts";
import { strongestSignIn, unknownSignIn } from "../../../policies/sign-in-facts.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { anyPolicy, type ComparedFacts } from "./any-rule.ts";

// The same rules decide in memory about one act and in SQL about lists. Whatever the rules and the rows are,
// both must choose the same rows, and never one of another tenant.

const uuid = (kind: string, n: number): string =>
  `00000000-0000-7000-8000-${kind}${String(n).padStart(11, "0")}`;
const [own, foreign] = [idOf<TenantId>(uuid("a", 1)), idOf<TenantId>(uuid("a", 2))];
const people = [0, 1, 2, 3].map((n) => idOf<UserId>(uuid("b", n)));
const pick = <T>(values: readonly T[], at: number): T => values[at % values.length] as T;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.drop());

/** A connection for rows that refer to rows that are not there. */
async function unchecked(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: database.ownerUrl });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("set session_replication_role = replica");
  return client;
}

const anyActor = (policy: Policy): fc.Arbitrary<Actor> =>
  fc.record({
    tenant: fc.constant(own),
    user: fc.constantFrom(...people),
    role: fc.constantFrom(...roles),
    policy: fc.constant(policy),
    device: fc.option(fc.constant(idOf("d-1")), { nil: undefined }),
    session: fc.constant(idOf("s-1")),
    method: fc.constant("password"),
    signIn: fc.constantFrom(unknownSignIn, strongestSignIn),
  });

/**
 * Compares, over random policies, what a statement lists with what the rules allow of each row.
 * @param from what the statement reads; `$1` is the actor's account
 * @param isRead the same in memory
 */
async function agree<R extends "conversation" | "staff_list">(
  rowsOf: (user: UserId) => ListedRows<R>,
  compared: ComparedFacts,
  from: string,
  facts: ReadonlyMap<string, Facts>,
  isRead: (facts: Facts, actor: Actor) => boolean = () => true,
): Promise<void> {
  let neitherAllNorNone = 0;
  const anyCase = anyPolicy(rowsOf(nilId()), compared).chain((policy) => anyActor(policy));
  await fc.assert(
    fc.asyncProperty(anyCase, async (actor) => {
      const rows = rowsOf(actor.user);
      const values: unknown[] = [actor.user];
      const shown = allowedRows(actor, rows, values, "displayName");
      const listed = allowedRows(actor, rows, values);
      const { rows: found } = await inTransaction(database.pool, own, (client) =>
        client.query<{ id: string; tenant: TenantId; shown: boolean }>(
          `select id, tenant, coalesce(${shown}, false) as shown from ${from} where $1::uuid is not null and ${listed} order by id`,
          values,
        ),
      );
      const allows = (each: Facts, by: Actor) =>
        grantingRule(by, rows.resource, rows.action, each) !== undefined;
      const showing = (policy: Policy): Policy => ({
        ...policy,
        rules: policy.rules.filter(({ fields }) => fields?.includes("displayName") !== false),
      });
      const byFields = { ...actor, policy: showing(actor.policy) };
      const expected = [...facts].flatMap(([id, each]) =>
        isRead(each, actor) && allows(each, actor)
          ? [{ id, tenant: own, shown: allows(each, byFields) }]
          : [],
      );
      expect(found).toEqual(expected);
      if (found.length > 0 && found.length < facts.size / 2) neitherAllNorNone++;
    }),
    { numRuns: 400, seed: 13 },
  );
  // Otherwise it would compare nothing with nothing.
  expect(neitherAllNorNone).toBeGreaterThan(40);
}

test("conversations, with members who have left", async () => {
  const membersOf = new Map<Facts, readonly UserId[]>();
  const facts = new Map<string, Facts>();
  const client = await unchecked();
  for (const tenant of [own, foreign])
    for (let n = 0; n < 64; n++) {
      const id = uuid(tenant === own ? "c" : "d", n);
      const [state, createdBy] = [pick(["open", "closed"], n >> 4), pick(people, n >> 2)];
      const members = people.filter((_, at) => (n >> at) & 1);
      await client.query(
        `insert into sealdesk.conversations (id, tenant, suite, state, created_by, creation_device, creation_signature, created_at_ms)
         values ($1, $2, 'signal-v1', $3, $4, $1, decode(repeat('00', 64), 'hex'), $5)`,
        [id, tenant, state, createdBy, n],
      );
      await client.query(
        `insert into sealdesk.members (tenant, conversation, user_id, role, from_seq, until_seq)
         select $1, $2, u, 'agent', 1, case when u = any($4::uuid[]) then null else 2 end from unnest($3::uuid[]) u`,
        [tenant, id, people, members],
      );
      const each: Facts & Record<string, unknown> = { tenant, state, createdBy, members };
      facts.set(id, each);
      membersOf.set(each, members);
    }
  await client.end();
  const users = [...people, "$actor.user"];
  const compared = {
    state: { values: ["open", "closed"] },
    createdBy: { values: users },
    members: { values: users, isList: true },
    newDevice: { values: [true, false] },
  } as const;
  await agree(
    conversationsOfMember,
    compared,
    `(select c.* from conversations c join members own
      on own.conversation = c.id and own.user_id = $1 and own.until_seq is null) c`,
    facts,
    (each, { user }) => membersOf.get(each)?.includes(user) === true,
  );
});

test("accounts", async () => {
  const facts = new Map<string, Facts>();
  const client = await unchecked();
  for (const tenant of [own, foreign])
    for (let n = 0; n < 28; n++) {
      const user = uuid(tenant === own ? "e" : "f", n);
      const role = pick<Role>(roles, n);
      await client.query(
        "insert into sealdesk.users (id, tenant, role, created_at_ms) values ($1, $2, $3, 0)",
        [user, tenant, role],
      );
      facts.set(user, { tenant, user, role } as Facts);
    }
  await client.end();
  const compared = {
    user: { values: [uuid("e", 3), uuid("e", 4), "$actor.user"] },
    role: { values: [...roles, "$actor.role"] },
  };
  await agree(() => staffRows, compared, "users u", facts);
});

test("rows with nulls, flags, and teams that serve the row's queue", async () => {
  const { owner } = database;
  await owner.query(`
    create table sealdesk.queued_cases (tenant uuid, id uuid, queue text, assigned uuid, vip boolean);
    create table sealdesk.team_queues (tenant uuid, team int, queue text);
    create table sealdesk.queue_members (tenant uuid, team int, user_id uuid);
    do $$ declare t text; begin foreach t in array array['queued_cases', 'team_queues', 'queue_members'] loop
      execute format('alter table sealdesk.%1$I enable row level security;
        create policy tenant on sealdesk.%1$I using (tenant = sealdesk.current_tenant());
        grant select on sealdesk.%1$I to sealdesk_app', t); end loop; end $$;`);
  // The second team has an account that is not known.
  const served = { cards: [people[0], people[1]], loans: [people[1], null] };
  const facts = new Map<string, Facts>();
  for (const tenant of [own, foreign]) {
    await owner.query(
      `insert into sealdesk.team_queues select $1::uuid, * from (values (1, 'cards'), (2, 'loans')) v (t, q)`,
      [tenant],
    );
    await owner.query(
      `insert into sealdesk.queue_members select $1::uuid, * from (values (1, $2::uuid), (1, $3::uuid), (2, $3::uuid), (2, null)) v (t, u)`,
      [tenant, people[0], people[1]],
    );
    for (let n = 0; n < 60; n++) {
      const id = uuid(tenant === own ? "1" : "2", n);
      const queue = pick([null, "cards", "loans", "none"] as const, n);
      const assigned = pick([null, ...people], n >> 2);
      const vip = pick([null, true, false], n >> 1);
      await owner.query("insert into sealdesk.queued_cases values ($1, $2, $3, $4, $5)", [
        tenant,
        id,
        queue,
        assigned,
        vip,
      ]);
      const servedBy = queue === null || queue === "none" ? [] : served[queue];
      facts.set(id, { tenant, queue, assigned, vip, servedBy } as Facts);
    }
  }
  const users = [...people, "$actor.user"];
  const compared = {
    queue: { values: ["cards", "loans", "unknown"] },
    assigned: { values: users },
    vip: { values: [true, false] },
    servedBy: { values: users, isList: true },
  } as const;
  const cases: ListedRows<"conversation"> = {
    resource: "conversation",
    action: "read",
    tenant: "k.tenant",
    facts: {
      queue: { sql: "k.queue", type: "text" },
      assigned: { sql: "k.assigned", type: "uuid" },
      vip: { sql: "k.vip", type: "boolean" },
      servedBy: {
        sql: "tm.user_id",
        type: "uuid",
        from: "team_queues tq join queue_members tm on tm.tenant = tq.tenant and tm.team = tq.team where tq.queue = k.queue",
      },
    },
  };
  await agree(() => cases, compared, "queued_cases k", facts);
});

test("each list knows every fact that a condition about it may name", () => {
  for (const { resource, action, facts } of [conversationsOfMember(nilId()), staffRows]) {
    const named = Object.entries(conditionFacts[resource])
      .filter(([, { actions }]) => actions?.includes(action) !== false)
      // Those of the actor's sign-in are the same for each row.
      .filter(([name]) => !Object.hasOwn(unknownSignIn, name))
      .map(([name]) => name);
    expect(Object.keys(facts).toSorted()).toEqual(named.toSorted());
  }
});

test.each<[string, object]>([
  ["a fact that the list lacks", { "1=1 or u.id": "x" }],
  ["a fact of every object", { constructor: "x" }],
  ["an operator that does not exist", { role: { $regex: "a" } }],
  ["a value that is not there", { role: undefined }],
  ["a value of another type", { role: { $in: ["agent", 7] } }],
  ["the size of what is no list", { role: { $size: 1 } }],
])("no list is made by %s", (_what, conditions) => {
  const rule = { id: "local.r", resource: "staff_list", actions: ["read"], roles } as const;
  const rules = [{ ...rule, conditions, means: "", reason: "" }];
  const actor = {
    tenant: own,
    role: "agent",
    policy: { version: 1, rules, demands: [] },
  } as const;
  expect(() => allowedRows(actor, staffRows, [])).toThrow(TypeError);
});

test("no value becomes part of the statement", () => {
  const hostile = "x' or true --";
  const rule = { id: "local.r", resource: "staff_list", actions: ["read"], roles } as const;
  const rules = [{ ...rule, conditions: { role: { $in: [hostile] } }, means: "", reason: "" }];
  const values: unknown[] = [];
  const actor = { tenant: own, role: "agent", policy: { version: 1, rules, demands: [] } } as const;
  expect(allowedRows(actor, staffRows, values)).toBe(
    "u.tenant = $1::uuid and ((u.role = any($2::text[])))",
  );
  expect(values).toEqual([own, [hostile]]);
});
