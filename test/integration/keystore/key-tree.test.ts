import { randomUUID } from "node:crypto";
import { destroyScopes, destroySubjectKeys } from "../../../keys/at-rest/destroy.ts";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import type { Scope } from "../../../keys/at-rest/scope.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { until } from "../../support/until.ts";

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

const newScope = (subject: string = randomUUID()): Scope => ({
  conversation: randomUUID(),
  subject,
  author: randomUUID(),
  period: 700,
});
const by = { actor: { kind: "system" as const, id: "test" } };
const idOf = (id: Uint8Array) => Buffer.from(id).toString("hex");
const uuidOf = (id: Uint8Array) =>
  idOf(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");

test("two nodes that write first have one key, and read it by its name", async () => {
  const tenant = await arrangeTenant(database);
  const [one, two] = [await openTree(), await openTree()];
  const scopes = Array.from({ length: 50 }, () => newScope());
  const backwards = scopes.toReversed();
  const [first, second] = await Promise.all([
    one.scopes.forWriting(tenant, scopes),
    two.scopes.forWriting(tenant, backwards),
  ]);
  const mine = first.map(({ key }) => idOf(key!.id));
  expect(second.toReversed().map(({ key }) => idOf(key!.id))).toEqual(mine);
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
  expect(idOf(theirs!.key!.id)).not.toBe(idOf(made!.key!.id));
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
  const subject = randomUUID();
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

test("a tombstone cannot be filled, also by whoever owns the table", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = randomUUID();
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

test("of a subject's scopes, those destroyed are the ones that were named", async () => {
  const tenant = await arrangeTenant(database);
  const tree = await openTree();
  const subject = randomUUID();
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
