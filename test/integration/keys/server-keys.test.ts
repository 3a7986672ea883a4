import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { uuidv7 } from "uuidv7";
import { inTransaction } from "../../../db/transaction.ts";
import { findOrCreateCustomer, subjectIndexes } from "../../../identity/accounts/customer.ts";
import { createTenant } from "../../../identity/accounts/create-tenant.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { rewrapServerKeys } from "../../../keys/server-keys/rewrap-server-keys.ts";
import { rotateServerKey } from "../../../keys/server-keys/rotate-server-key.ts";
import { ServerKeys } from "../../../keys/server-keys/server-keys.ts";
import { createAccessTokens, type AccessClaims } from "../../../identity/tokens/access-token.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { operatorEntries } from "../../support/operator-entries.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, SessionId } from "../../../crypto/wire/ids.ts";

const withCode = (code: string) => expect.objectContaining({ name: "KeysError", code });
const tokenRefused = expect.objectContaining({ name: "IdentityError", code: "invalid_token" });
const hours = 3_600_000;

let database: TestDatabase;
let home: string;
let nowMs: number;
const now = () => nowMs;
beforeEach(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
  nowMs = Date.now();
});
afterEach(async () => {
  await database.drop();
  await rm(home, { recursive: true });
});

/** As a node does at its start. */
async function startNode(of = home) {
  const settings = { kind: "local", passphrase: undefined, keyFile: undefined } as const;
  const opened = await openKms({ ...settings, home: of, mustBeSealed: false });
  const { kms, firstKeys } = opened;
  const keys = await ServerKeys.open({ pool: database.pool, kms, now, firstKeys });
  await opened.forgetFirstKeys();
  const tokens = createAccessTokens({ keys, issuer: "https://desk.example" });
  const rotate = (name: "tokens" | "franking" | "blind-index", atOnce = false) =>
    rotateServerKey({ ownerUrl: database.ownerUrl, kms, now }, { name, by: "operator", atOnce });
  return { kms, keys, tokens, rotate };
}
type Node = Awaited<ReturnType<typeof startNode>>;

const claims: AccessClaims = {
  tenant: newId<TenantId>(),
  user: newId<UserId>(),
  role: "agent",
  session: newId<SessionId>(),
  thumbprint: "t",
};
const issue = async ({ tokens }: Node) =>
  (await tokens.issue(claims, nowMs, nowMs + 12 * hours)).accessToken;
const hex = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString("hex");
const frankingKeys = ({ keys }: Node) => keys.frankingKeys.map((key) => hex(key.reveal()));

/** Waits for a success; what never succeeds runs into the test's own limit. */
async function until(attempt: () => Promise<unknown>): Promise<void> {
  while (
    !(await attempt().then(
      () => true,
      () => false,
    ))
  )
    await new Promise((resolve) => setTimeout(resolve, 20));
}

async function makeTenant(): Promise<TenantId> {
  const id = newId<TenantId>();
  const tenant = { id, slug: `t-${hex(randomBytes(4))}`, name: "T", customerKeys: { keys: [] } };
  await createTenant(database.ownerUrl, { ...tenant, nowMs });
  return id;
}
const signIn = (node: Node, tenant: TenantId, subject: string) =>
  inTransaction(database.pool, tenant, (client) =>
    findOrCreateCustomer(client, {
      tenant,
      subjectIndexes: subjectIndexes(node.keys.blindIndexKeys, tenant, subject),
      newId: newId<UserId>(),
      nowMs,
    }),
  );

test("nodes that start at once on a new database get the same keys", async () => {
  const nodes = await Promise.all(Array.from({ length: 4 }, () => startNode()));
  expect(new Set(nodes.map((node) => node.keys.signing.kid)).size).toBe(1);
  expect(new Set(nodes.map((node) => hex(node.keys.frankingKey))).size).toBe(1);
});

test("no row of the server keys contains the franking key", async () => {
  const { keys } = await startNode();
  const { rows } = await database.owner.query<{ wrapped: Buffer }>(
    "select wrapped from sealdesk.server_keys",
  );
  expect(rows).toHaveLength(3);
  for (const { wrapped } of rows) expect(hex(wrapped)).not.toContain(hex(keys.frankingKey));
});

describe("tokens", () => {
  test("made before a rotation count until their session is over, and not after", async () => {
    // Keys are destroyed by the database's clock, which is past all that happens here.
    nowMs -= 48 * hours;
    const node = await startNode();
    const [before, other] = [await issue(node), await startNode()];
    expect(await node.rotate("tokens")).toBe(2);
    await node.keys.refresh();
    const after = await issue(node);
    for (const token of [before, after])
      await expect(node.tokens.verify(token, nowMs)).resolves.toMatchObject(claims);
    // Another node is shown one before it looked: it looks then.
    await until(() => other.tokens.verify(after, nowMs));

    nowMs += 11 * hours;
    await expect(node.tokens.verify(before, nowMs, 12 * hours)).resolves.toMatchObject(claims);
    nowMs += 2 * hours;
    await expect(node.tokens.verify(before, nowMs, 24 * hours)).rejects.toThrow(tokenRefused);
    await node.keys.refresh();
    const { rows } = await database.owner.query(
      "select wrapped from sealdesk.server_keys where name = 'tokens' and version = 1",
    );
    expect(rows).toEqual([{ wrapped: null }]);
    await expect(startNode()).resolves.toBeDefined();
  });

  test("of a key that has leaked are refused at once", async () => {
    const node = await startNode();
    const token = await issue(node);
    await node.rotate("tokens", true);
    await node.keys.refresh();
    await expect(node.tokens.verify(token, nowMs)).rejects.toThrow(tokenRefused);
  });
});

test("messages are tagged by the newest franking key, and older tags can be checked", async () => {
  const node = await startNode();
  const [old] = frankingKeys(node);
  await node.rotate("franking");
  await node.keys.refresh();
  const [active, retired] = frankingKeys(node);
  expect(active).toBe(hex(node.keys.frankingKey));
  expect(retired).toBe(old);
  expect(active).not.toBe(old);
  nowMs += 24 * 365 * 10 * hours;
  await node.keys.refresh();
  expect(frankingKeys(node)).toEqual([active, retired]);
  await expect(node.rotate("franking", true)).rejects.toThrow(withCode("kms_refused"));
});

test("a customer from before the blind-index key was rotated is found, and a new one under it", async () => {
  const node = await startNode();
  const tenant = await makeTenant();
  const old = await signIn(node, tenant, "anna");
  await node.rotate("blind-index");
  await node.keys.refresh();
  expect(await signIn(node, tenant, "anna")).toEqual({ user: old.user, created: false });
  const fresh = await signIn(node, tenant, "bert");
  expect(await signIn(node, tenant, "bert")).toEqual({ user: fresh.user, created: false });
});

test("a rotation is in every tenant's log", async () => {
  const node = await startNode();
  const tenants = [await makeTenant(), await makeTenant()];
  await node.rotate("franking");
  for (const tenant of tenants) {
    const { rows } = await database.owner.query<{ entry: Buffer }>(
      "select entry from audit.entries where tenant = $1 order by id desc limit 1",
      [tenant],
    );
    expect(JSON.parse(String(rows[0]?.entry))).toMatchObject({
      tenant,
      action: "server_key.rotate",
      resource: { type: "server_key", id: "franking", version: "2" },
      actor: { kind: "system", id: "operator" },
    });
  }
});

test("server keys that are wrapped again stay the same and need only the new version", async () => {
  const node = await startNode();
  await node.rotate("franking");
  await node.keys.refresh();
  const { ownerUrl } = database;
  expect(await rewrapServerKeys({ ownerUrl, kms: node.kms, now, by: "operator" })).toBe(2);
  await node.kms.destroy("sealdesk-server-keys", 2);
  const again = await startNode();
  expect(frankingKeys(again)).toEqual(frankingKeys(node));
  expect(again.keys.signing.kid).toBe(node.keys.signing.kid);
});

describe("a keyring that is not the database's", () => {
  test("is refused, and the database's keys are left as they are", async () => {
    const { keys } = await startNode();
    const other = await mkdtemp(join(tmpdir(), "sealdesk-home-"));
    await expect(startNode(other)).rejects.toThrow(withCode("keyring_foreign"));
    await rm(other, { recursive: true });
    expect((await startNode()).keys.signing.kid).toBe(keys.signing.kid);
  });

  test("and was made anew where one was lost is refused", async () => {
    await startNode();
    await rm(join(home, "keyring.json"));
    await expect(startNode()).rejects.toThrow(withCode("keyring_foreign"));
  });

  test("is refused by a database of before, whose customers it would not find", async () => {
    const tenant = await makeTenant();
    await database.owner.query(
      `insert into sealdesk.users (id, tenant, role, subject_index, created_at_ms)
       values ($1, $2, 'customer', $3, 1)`,
      [uuidv7(), tenant, Buffer.alloc(32)],
    );
    await expect(startNode()).rejects.toThrow(withCode("keyring_foreign"));
  });
});

test("a home of an older version keeps its three keys, which move into the database", async () => {
  const seed = randomBytes(32).toString("base64url");
  const [franking, blindIndex] = [randomBytes(32), randomBytes(32)];
  const signingKey = { kty: "OKP", crv: "Ed25519", x: seed, d: seed };
  const file = {
    format: "sealdesk-keyring-v1",
    keys: {
      signingKey,
      frankingKey: franking.toString("base64url"),
      blindIndexKey: blindIndex.toString("base64url"),
    },
  };
  await writeFile(join(home, "keyring.json"), JSON.stringify(file));
  const { keys } = await startNode();
  expect(hex(keys.frankingKey)).toBe(hex(franking));
  expect(keys.blindIndexKeys.map((key) => hex(key.reveal()))).toEqual([hex(blindIndex)]);
  expect(keys.signing.privateKey.export({ format: "jwk" }).d).toBe(seed);
  const text = await readFile(join(home, "keyring.json"), "utf8");
  for (const gone of [seed, file.keys.frankingKey, file.keys.blindIndexKey])
    expect(text).not.toContain(gone);
  expect(hex((await startNode()).keys.frankingKey)).toBe(hex(franking));
});

test("each change of the server's keys is on record, also if there is no tenant", async () => {
  const node = await startNode();
  await node.rotate("franking");
  await rewrapServerKeys({ ownerUrl: database.ownerUrl, kms: node.kms, now, by: "operator" });
  expect((await operatorEntries(database)).map(({ action }) => action)).toEqual([
    "server_keys.create",
    "server_key.rotate",
    "server_keys.rewrap_begin",
    "server_keys.rewrap",
  ]);
});
