import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import { rewrapSubjectKeys, rotateKek } from "../../../keys/at-rest/rotate-kek.ts";
import { rewrapPeriodically } from "../../../keys/at-rest/rewrap-periodically.ts";
import { KeysError } from "../../../keys/keys-error.ts";
import type { Scope } from "../../../keys/at-rest/scope.ts";
import { readKmsSettings } from "../../../keys/kms/kms-settings.ts";
import type { Kms } from "../../../keys/kms/kms.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { memoryKms } from "../../support/memory-kms.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, ConversationId } from "../../../crypto/wire/ids.ts";

let server: TestServer;
const trees: KeyTree[] = [];
beforeAll(async () => {
  server = await startTestServer();
});
afterEach(async () => {
  await Promise.all(trees.splice(0).map((tree) => tree.close()));
});
afterAll(() => server.close());

async function openTree(kms: Kms): Promise<KeyTree> {
  const url = server.database.ownerUrl;
  const tree = await openKeyTree({ url, kms, now: Date.now, onLost: () => undefined });
  trees.push(tree);
  return tree;
}

const newScopes = (count: number): Scope[] =>
  Array.from({ length: count }, () => ({
    conversation: newId<ConversationId>(),
    subject: newId<UserId>(),
    author: newId<UserId>(),
    period: 700,
  }));
const secretsOf = async (tree: KeyTree, tenant: TenantId, scopes: readonly Scope[]) =>
  (await tree.scopes.forWriting(tenant, scopes)).map(({ key }) =>
    key?.secret.export().toString("hex"),
  );

const withData = (tree: KeyTree) => ({ ...tree, data: server.database.pool });

async function actionsOf(tenant: string): Promise<string[]> {
  const { rows } = await server.database.owner.query<{ entry: Buffer }>(
    "select entry from audit.entries where tenant = $1 order by id",
    [tenant],
  );
  const actions = rows.map(({ entry }) => String(JSON.parse(String(entry)).action));
  return actions.filter((action) => action.startsWith("keys."));
}

async function versionsIn(tenant: string): Promise<Record<string, number>> {
  const { rows } = await server.database.owner.query<{ kek_version: number; count: number }>(
    `select kek_version, count(*)::int as count from keystore.subject_keys
     where tenant = $1 and wrapped is not null group by kek_version`,
    [tenant],
  );
  return Object.fromEntries(rows.map((row) => [row.kek_version, row.count]));
}

test("a re-wrapping that is cut off is gone on with, while keys are made and used", async () => {
  const kms = memoryKms();
  const tenant = await arrangeTenant(server.database);
  const tree = await openTree(kms);
  const scopes = newScopes(60);
  const before = await secretsOf(tree, tenant, scopes);
  expect(await rotateKek(withData(tree), tenant)).toBe(2);

  kms.beforeRewrap = async () => {
    if (kms.asked.rewrap > 30) throw new Error("cut off");
  };
  const options = { batch: 10, parallel: 4 };
  await expect(rewrapSubjectKeys(withData(tree), tenant, options)).rejects.toThrow("cut off");
  expect(await versionsIn(tenant)).toEqual({ 1: 30, 2: 30 });
  // Both versions serve meanwhile, also whoever has nothing in memory.
  expect(await secretsOf(await openTree(kms), tenant, scopes)).toEqual(before);

  kms.beforeRewrap = async () => undefined;
  const told: number[] = [];
  const later = newScopes(20);
  const [progress, made] = await Promise.all([
    rewrapSubjectKeys(withData(tree), tenant, {
      ...options,
      onProgress: ({ done }) => told.push(done),
    }),
    secretsOf(tree, tenant, later),
  ]);
  expect(progress.done).toBe(progress.total);
  expect(told).toEqual(told.toSorted((a, b) => a - b));
  expect(await versionsIn(tenant)).toEqual({ 2: 80 });
  const fresh = await openTree(kms);
  expect(await secretsOf(fresh, tenant, [...scopes, ...later])).toEqual([...before, ...made]);
  // Again changes nothing.
  const asked = kms.asked.rewrap;
  await rewrapSubjectKeys(withData(tree), tenant);
  expect(kms.asked.rewrap).toBe(asked);
});

test("a version is not given up while a key could still come under it", async () => {
  const kms = memoryKms();
  const tenant = await arrangeTenant(server.database);
  const tree = await openTree(kms);
  await secretsOf(tree, tenant, newScopes(1));
  // Wraps under the version of before the rotation, and stores it after the versions are given up.
  const slow = {
    ...kms,
    async wrap(...given: Parameters<Kms["wrap"]>) {
      const wrapped = await kms.wrap(...given);
      if (kms.asked.wrap === 2) {
        await rotateKek(withData(tree), tenant);
        await rewrapSubjectKeys(withData(tree), tenant);
      }
      return wrapped;
    },
  };
  const [scope] = newScopes(1);
  const made = await secretsOf(await openTree(slow), tenant, [scope!]);
  expect(made[0]).toBeDefined();
  expect(await versionsIn(tenant)).toEqual({ 2: 2 });
  expect(await secretsOf(await openTree(kms), tenant, [scope!])).toEqual(made);
});

test("versions given up by somebody who was cut off then are destroyed by the next server", async () => {
  const kms = memoryKms();
  const tenant = await arrangeTenant(server.database);
  const denied = await arrangeTenant(server.database);
  const tree = await openTree(kms);
  await secretsOf(tree, tenant, newScopes(3));
  await secretsOf(tree, denied, newScopes(1));
  const destroyed: string[] = [];
  const interrupted = { ...kms, destroy: () => Promise.reject(new Error("cut off")) };
  await rotateKek(withData(tree), tenant);
  await expect(rewrapSubjectKeys({ ...withData(tree), kms: interrupted }, tenant)).rejects.toThrow(
    "cut off",
  );
  const watched = {
    ...kms,
    // One tenant's key is out of reach: the others' work goes on.
    async latestVersion(name: string) {
      if (name !== `kek-${tenant}`) throw new KeysError("kms_denied", "Not permitted.");
      return kms.latestVersion(name);
    },
    async destroy(name: string, before?: number) {
      await kms.destroy(name, before);
      destroyed.push(`${name} before ${before ?? "all"}`);
    },
  };
  const errors: unknown[] = [];
  const leave = rewrapPeriodically({ ...withData(tree), kms: watched }, (error) =>
    errors.push(error),
  );
  await until(() => destroyed.length > 0);
  await leave();
  expect(destroyed).toEqual([`kek-${tenant} before 2`]);
  expect(errors).toContainEqual(expect.objectContaining({ code: "kms_denied" }));
  // What is asked of the service is on record before it is asked.
  expect(await actionsOf(tenant)).toEqual([
    "keys.rotate_kek_begin",
    "keys.rotate_kek",
    "keys.destroy_kek_versions_begin",
    "keys.destroy_kek_versions_begin",
    "keys.destroy_kek_versions",
  ]);
  // Then it is on record, and nobody asks for it again.
  await rewrapPeriodically({ ...withData(tree), kms: watched }, () => undefined)();
  expect(destroyed).toHaveLength(1);
});

test("a key-encryption key that was destroyed in its service is not made anew", async () => {
  const { home } = server;
  const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
  const tenant = await arrangeTenant(server.database);
  await secretsOf(await openTree(kms), tenant, newScopes(1));
  await kms.destroy(`kek-${tenant}`);
  const restarted = await openTree(kms);
  await expect(secretsOf(restarted, tenant, newScopes(1))).rejects.toMatchObject({
    code: "kms_key_not_found",
  });
  await expect(rotateKek(withData(restarted), tenant)).rejects.toMatchObject({
    code: "kms_key_not_found",
  });
  await kms.close();
});

const command = fileURLToPath(new URL("../../../dist/cli/main.js", import.meta.url));

/** The built command on the server's database and keyring. */
function sealdesk(...args: string[]) {
  const child = spawn(process.execPath, [command, ...args], {
    cwd: tmpdir(),
    env: {
      PATH: process.env["PATH"],
      SEALDESK_HOME: server.home,
      NODE_ENV: "test",
      DATABASE_URL: server.database.ownerUrl,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const ended = once(child, "close").then(() => out);
  return { child, ended };
}

test("the command is killed in the middle, and the next one ends its work", async () => {
  const { home, tenant, database } = server;
  const { kms } = await openKms(readKmsSettings({}, { home, production: false }));
  const scopes = newScopes(450);
  const before = await secretsOf(await openTree(kms), tenant.id, scopes);

  // The last key is held, so that the command cannot come to its end.
  const holder = await database.owner.connect();
  await holder.query("begin");
  await holder.query(
    `select from keystore.subject_keys where tenant = $1 order by subject desc limit 1 for update`,
    [tenant.id],
  );
  const { child, ended } = sealdesk("keys", "rotate-kek", "--tenant", tenant.slug);
  await until(async () => (await versionsIn(tenant.id))["2"] === 400);
  child.kill("SIGKILL");
  await ended;
  await holder.query("rollback");
  holder.release();
  expect(await versionsIn(tenant.id)).toEqual({ 1: 50, 2: 400 });
  expect(await secretsOf(await openTree(kms), tenant.id, scopes)).toEqual(before);

  const resumed = sealdesk("keys", "rewrap-subjects", "--tenant", tenant.slug);
  expect(await resumed.ended).toContain("450 subject keys");
  expect(await versionsIn(tenant.id)).toEqual({ 2: 450 });
  expect(await secretsOf(await openTree(kms), tenant.id, scopes)).toEqual(before);
});
