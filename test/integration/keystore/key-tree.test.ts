import { randomBytes } from "node:crypto";
import { inTransaction } from "../../../db/transaction.ts";
import { destroyScopes, destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import type { Scope } from "../../../keys/at-rest/scope.ts";
import { KeyCache } from "../../../keys/at-rest/key-cache.ts";
import { rewrapSubjectKeys, rotateKek } from "../../../keys/at-rest/rotate-kek.ts";
import { SubjectKeys, type SubjectKey } from "../../../keys/at-rest/subject-keys.ts";
import { insertSubjects } from "../../../keys/at-rest/subject-rows.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId, ConversationId } from "../../../crypto/wire/ids.ts";

let database: TestDatabase;
const kms = memoryKms();
const trees: KeyTree[] = [];
beforeAll(async () => {
  database = await createTestDatabase();
});
afterEach(async () => {
  await Promise.all(trees.splice(0).map((tree) => tree.close()));
});
afterAll(() => database.drop());

async function openTree(url = database.ownerUrl): Promise<KeyTree> {
  const tree = await openKeyTree({
    url,
    kms,
    now: Date.now,
    onLost: () => undefined,
  });
  trees.push(tree);
  return tree;
}

const newScope = (subject: UserId = newId<UserId>()): Scope => ({
  conversation: newId<ConversationId>(),
  subject,
  author: newId<UserId>(),
  period: 700,
});
const by = { actor: { kind: "system" as const, id: "test" } };
const hexOf = (id: Uint8Array) => Buffer.from(id).toString("hex");
const uuidOf = (id: Uint8Array) =>
  hexOf(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

test("two nodes that write first have one key, and read it by its name", async () => {
  const tenant = await arrangeTenant(database);
  const [one, two] = [await openTree(), await openTree()];
  const scopes = Array.from({ length: 50 }, () => newScope());
  const backwards = scopes.toReversed();
  const [first, second] = await Promise.all([
    one.scopes.forWriting(tenant, scopes),
    two.scopes.forWriting(tenant, backwards),
  ]);
  const mine = first.map(({ key }) => hexOf(key!.id));
  expect(second.toReversed().map(({ key }) => hexOf(key!.id))).toEqual(mine);
  expect(first.map(({ key }) => key!.secret.export())).toEqual(
    second.toReversed().map(({ key }) => key!.secret.export()),
  );
  expect(new Set(mine).size).toBe(50);
  const third = await openTree();
  const read = await third.scopes.forReading(
    tenant,
    first.map(({ key }) => uuidOf(key!.id)),
  );
  for (const { key } of first)
    expect(read.get(uuidOf(key!.id))!.key!.secret.export()).toEqual(key!.secret.export());
});

test("keys in memory cost no question to keystore or key-management service", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const scope = newScope();
  await tree.scopes.forWriting(tenant, [scope]);
  await until(() => tree.scopes.held(tenant, scope) !== undefined);
  const before = { ...kms.asked };
  const [held] = await tree.scopes.forWriting(tenant, [scope]);
  expect(held?.key).toBeDefined();
  expect(kms.asked).toEqual(before);
});

test("a tenant neither finds another's keys nor is let see them", async () => {
  const [tenant, other] = [await arrangeTenant(database), await arrangeTenant(database)];
  const tree = await openTree();
  const scope = newScope();
  const [made] = await tree.scopes.forWriting(tenant, [scope]);
  await expect(tree.scopes.forReading(other, [uuidOf(made!.key!.id)])).rejects.toMatchObject({
    code: "key_missing",
  });
  const [theirs] = await tree.scopes.forWriting(other, [scope]);
  expect(hexOf(theirs!.key!.id)).not.toBe(hexOf(made!.key!.id));
  const bare = await tree.pool.query("select from scope_keys");
  expect(bare.rowCount).toBe(0);
  await expect(tree.pool.query("select from sealdesk.events")).rejects.toMatchObject({
    code: "42501",
  });
  await expect(database.pool.query("select from keystore.scope_keys")).rejects.toMatchObject({
    code: "42501",
  });
});

test("a destroyed subject is gone on every node at once, and is never sealed for again", async () => {
  const tenant = await arrangeTenant(database);
  const [one, two] = [await openTree(), await openTree()];
  const subject = newId<UserId>();
  const [mine, other] = [newScope(subject), newScope()];
  const [key, kept] = await one.scopes.forWriting(tenant, [mine, other]);
  await two.scopes.forWriting(tenant, [mine, other]);
  const done = await destroySubjectKeys(
    { keystore: one.pool, apart: undefined, now: Date.now },
    tenant,
    subject,
    by,
  );
  expect(done).toEqual({ subjectKeys: 1, scopeKeys: 1 });
  for (const tree of [one, two]) {
    await until(async () => {
      const [found] = await tree.scopes.forWriting(tenant, [mine]);
      return found!.key === undefined;
    });
    const read = await tree.scopes.forReading(tenant, [uuidOf(key!.key!.id)]);
    expect([...read.values()]).toEqual([{ tenant, subject, key: undefined }]);
    const [fresh, still] = await tree.scopes.forWriting(tenant, [newScope(subject), other]);
    expect(fresh!.key).toBeUndefined();
    expect(still!.key?.id).toEqual(kept!.key!.id);
  }
  const { rows } = await database.owner.query("select entry from audit.entries where tenant = $1", [
    tenant,
  ]);
  expect(rows.map(({ entry }) => JSON.parse(String(entry)))).toMatchObject([
    { action: "keys.destroy", subject, outcome: "success", details: { scopeKeys: 1, whole: true } },
  ]);
  const left = await database.owner.query(
    `select wrapped from keystore.subject_keys where subject = $1
     union all select wrapped from keystore.scope_keys where subject = $1`,
    [subject],
  );
  expect(left.rows).toEqual([{ wrapped: null }, { wrapped: null }]);
});

test("a tombstone cannot be filled, even by the owner of the table", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = newId<UserId>();
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  // Before anything was ever sealed for the subject.
  expect(await destroySubjectKeys(deps, tenant, subject, by)).toEqual({
    subjectKeys: 0,
    scopeKeys: 0,
  });
  const [refused] = await tree.scopes.forWriting(tenant, [newScope(subject)]);
  expect(refused!.key).toBeUndefined();
  for (const change of [
    "update keystore.subject_keys set wrapped = '\\x00', destroyed_at_ms = null",
    "delete from keystore.subject_keys",
  ])
    await expect(
      database.owner.query(`${change} where subject = $1`, [subject]),
    ).rejects.toMatchObject({ code: "23001" });
});

test("a destruction waits for the subject's first key, and takes it along", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = newId<UserId>();
  await kms.ensureKey(`kek-${tenant}`, "wrapping");
  const wrapped = await kms.wrap(`kek-${tenant}`, randomBytes(32), randomBytes(4));
  const storing = await tree.pool.connect();
  await storing.query("begin");
  await storing.query("select set_config('sealdesk.tenant', $1, true)", [tenant]);
  await insertSubjects(storing, tenant, [{ subject, wrapped }], 0);
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  const destroying = destroySubjectKeys(deps, tenant, subject, by);
  await until(async () => {
    const { rowCount } = await database.owner.query(
      "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    );
    return rowCount === 1;
  });
  await storing.query("commit");
  storing.release();
  expect(await destroying).toMatchObject({ subjectKeys: 1 });
  expect((await tree.subjects.find(tenant, [subject])).get(subject)?.key).toBeUndefined();
});

test("below a destroyed key the keystore takes no other, nor removes or replaces one", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const [live, erased] = [newScope(), newScope()];
  await tree.scopes.forWriting(tenant, [live, erased]);
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  await destroySubjectKeys(deps, tenant, erased.subject, by);
  const refused = (sql: string, values: unknown[] = []) =>
    expect(inTransaction(tree.pool, tenant, (client) => client.query(sql, values))).rejects;
  const insert = `insert into scope_keys
      (id, tenant, subject, conversation, author, period, wrapped, created_at_ms)
    values (gen_random_uuid(), $1, $2, gen_random_uuid(), gen_random_uuid(), 700, $3, 0)`;
  await refused(insert, [tenant, erased.subject, randomBytes(93)]).toMatchObject({ code: "23001" });
  await refused("update scope_keys set wrapped = $1 where subject = $2", [
    randomBytes(93),
    live.subject,
  ]).toMatchObject({ code: "23001" });
  const denied = { code: "42501" };
  for (const table of ["keks", "subject_keys", "scope_keys"]) {
    await refused(`delete from ${table}`).toMatchObject(denied);
    await refused(`truncate ${table} cascade`).toMatchObject(denied);
    await refused(`alter table ${table} disable row level security`).toMatchObject(denied);
  }
  // Into another tenant's.
  const other = await arrangeTenant(database);
  await refused(
    `insert into subject_keys (tenant, subject, kek_version, wrapped, created_at_ms)
     values ($1, gen_random_uuid(), 1, $2, 0)`,
    [other, randomBytes(60)],
  ).toMatchObject(denied);
});

test("a node that hears nothing reads keys again, without the key-management service", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = newId<UserId>();
  const monotonic = () => performance.now();
  const lifetimes = { heardMs: 300_000, deafMs: 0 };
  const cache = new KeyCache<SubjectKey>(monotonic, () => false, 10, lifetimes);
  const deaf = new SubjectKeys(tree, cache, { generation: () => 0, monotonic });
  const read = async () => (await deaf.findOrMake(tenant, [subject])).get(subject)?.key;
  const made = await read();
  const asked = kms.asked.unwrap;
  expect((await read())!.secret.export()).toEqual(made!.secret.export());
  await rotateKek({ ...tree, data: database.pool }, tenant);
  await rewrapSubjectKeys({ ...tree, data: database.pool }, tenant);
  expect(kms.asked.unwrap).toBe(asked);
  // The row is another one now.
  expect((await read())!.secret.export()).toEqual(made!.secret.export());
  expect(kms.asked.unwrap).toBe(asked + 1);
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  await destroySubjectKeys(deps, tenant, subject, by);
  expect(await read()).toBeUndefined();
});

test("exactly the named scopes of a subject are destroyed", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = newId<UserId>();
  const old = { ...newScope(subject), period: 690 };
  const recent = { ...old, period: 700 };
  const elsewhere = { ...newScope(subject), period: 690 };
  await tree.scopes.forWriting(tenant, [old, recent, elsewhere]);
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  const filter = { subject, conversation: old.conversation, beforePeriod: 695 };
  expect(await destroyScopes(deps, tenant, filter, by)).toEqual({ subjectKeys: 0, scopeKeys: 1 });
  await until(async () => {
    const [found] = await tree.scopes.forWriting(tenant, [old]);
    return found!.key === undefined;
  });
  const kept = await tree.scopes.forWriting(tenant, [recent, elsewhere]);
  expect(kept.every(({ key }) => key !== undefined)).toBe(true);
});

test("a keystore in a database of its own: the intent is on record before, the success after", async () => {
  const apart = await createTestDatabase();
  const tenant = await arrangeTenant(database);
  const tree = await openTree(apart.ownerUrl);
  const scope = newScope();
  await tree.scopes.forWriting(tenant, [scope]);
  const keys = await database.owner.query("select from keystore.scope_keys where tenant = $1", [
    tenant,
  ]);
  expect(keys.rowCount).toBe(0);
  const deps = { keystore: tree.pool, apart: database.pool, now: Date.now };
  await destroySubjectKeys(deps, tenant, scope.subject, by);
  await until(async () => {
    const [found] = await tree.scopes.forWriting(tenant, [scope]);
    return found!.key === undefined;
  });
  const { rows } = await database.owner.query(
    "select entry from audit.entries where tenant = $1 order by id",
    [tenant],
  );
  expect(rows.map(({ entry }) => JSON.parse(String(entry)).action)).toEqual([
    "keys.destroy_begin",
    "keys.destroy",
  ]);
  await Promise.all(trees.splice(0).map((each) => each.close()));
  await apart.drop();
});

test("a refusal of the audit log undoes the destruction", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const scope = newScope();
  await tree.scopes.forWriting(tenant, [scope]);
  const deps = { keystore: tree.pool, apart: undefined, now: Date.now };
  const oversized = { actor: { kind: "system" as const, id: "x".repeat(70_000) } };
  await expect(destroySubjectKeys(deps, tenant, scope.subject, oversized)).rejects.toMatchObject({
    code: "23514",
  });
  const [still] = await (await openTree()).scopes.forWriting(tenant, [scope]);
  expect(still!.key).toBeDefined();
});
