import { DeleteObjectCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inTransaction } from "../../../db/transaction.ts";
import { createKeystorePool, type Pool } from "../../../db/pool.ts";
import { openKeyTree, type KeyTree } from "../../../keys/at-rest/key-tree.ts";
import type { Scope } from "../../../keys/at-rest/scope.ts";
import type { ConversationId, TenantId, UserId } from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { ErasureRecord } from "../../../workflows/ledger/entry.ts";
import { ErasureLedger } from "../../../workflows/ledger/erasure-ledger.ts";
import { settleLedger } from "../../../workflows/ledger/settle.ts";
import { directoryLedger } from "../../../workflows/ledger/stores/directory-ledger.ts";
import { s3Ledger } from "../../../workflows/ledger/stores/s3-ledger.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { arrangeTenant } from "../../support/conversations.ts";
import { startRealS3 } from "../../support/real-s3.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { MemoryLog } from "../../support/memory-log.ts";
import { memoryKms } from "../../support/memory-kms.ts";

let database: TestDatabase;
let keystore: Pool;
let tree: KeyTree;
let folder: string;
let tenant: TenantId;
const kms = memoryKms();

beforeEach(async () => {
  database = await createTestDatabase();
  tenant = await arrangeTenant(database);
  const url = database.ownerUrl;
  keystore = createKeystorePool(url, { max: 2 });
  tree = await openKeyTree({ url, kms, now: Date.now, onLost: () => undefined });
  folder = await mkdtemp(join(tmpdir(), "sealdesk-ledger-"));
});
afterEach(async () => {
  await Promise.all([keystore.end(), tree.close()]);
  await database.drop();
  await rm(folder, { recursive: true });
});

const place = () => join(folder, "ledger");
const origin = "desk.example/erasures";
const { signer } = new MemoryLog(origin);
function openLedger(key = signer): ErasureLedger {
  const store = directoryLedger(place());
  return new ErasureLedger({ store, key, origin, place: place() });
}
async function settle(ledger = openLedger()): Promise<number> {
  return settleLedger({
    ledger,
    pool: database.pool,
    keystore,
    isApart: false,
    newId,
    now: Date.now,
  });
}

const scopeOf = (subject: UserId): Scope => ({
  conversation: newId<ConversationId>(),
  subject,
  author: subject,
  period: 700,
});

/** Writes to the ledger, and then the transaction fails, as if the process had died before the commit. */
async function interrupted(record: ErasureRecord): Promise<void> {
  const ledger = openLedger();
  await inTransaction(database.pool, record.tenant, async (client) => {
    await ledger.append(await ledger.lockEnd(client), record);
    throw new Error("died");
  }).catch((error: Error) => expect(error.message).toBe("died"));
}

const subjectRecord = (subject: UserId): ErasureRecord => ({
  kind: "subject",
  tenant,
  subject,
  act: `${newId<Uuid>()}:1`,
  atMs: Date.now(),
});

const keysOf = async (subject: UserId): Promise<number> => {
  const { rows } = await database.owner.query<{ count: number }>(
    `select count(*)::int as count from (
       select subject from keystore.subject_keys where wrapped is not null union all
       select subject from keystore.scope_keys where wrapped is not null) as keys
     where subject = $1`,
    [subject],
  );
  return rows[0]!.count;
};

test("several nodes begin one ledger, and a repeat changes nothing", async () => {
  await Promise.all([settle(), settle(), settle()]);
  expect(await readdir(place())).toEqual(["000000000000.entry"]);
  expect(await settle()).toBe(0);
});

test("what the ledger says holds, although the transaction that wrote it was lost", async () => {
  await settle();
  const [subject, other] = [newId<UserId>(), newId<UserId>()];
  const scopes = [scopeOf(subject), scopeOf(subject), scopeOf(other)];
  await tree.scopes.forWriting(tenant, scopes);
  const { conversation, period } = scopes[0]!;
  const act = `${newId<Uuid>()}:4`;
  await interrupted({
    kind: "scopes",
    tenant,
    subject,
    act,
    scopes: [{ conversation, period }],
    atMs: Date.now(),
  });
  expect(await keysOf(subject)).toBe(3);
  expect(await settle()).toBe(1);
  expect(await keysOf(subject)).toBe(2);
  await interrupted(subjectRecord(subject));
  expect(await settle()).toBe(1);
  expect([await keysOf(subject), await keysOf(other)]).toEqual([0, 2]);
  expect(await settle()).toBe(0);
});

test("nothing more is written until what was interrupted is carried out", async () => {
  await settle();
  await interrupted(subjectRecord(newId<UserId>()));
  const ledger = openLedger();
  const end = () => inTransaction(database.pool, tenant, (client) => ledger.lockEnd(client));
  await expect(end()).rejects.toMatchObject({ code: "ledger_behind" });
  await settle();
  expect(await end()).toMatchObject({ number: 1 });
});

test("a keystore that is put back alone is brought up to date, too", async () => {
  await settle();
  const subject = newId<UserId>();
  await interrupted(subjectRecord(subject));
  await settle();
  await database.owner.query("update keystore.ledger_position set number = 0");
  // A hash that the ledger does not have is not the position of this ledger.
  await expect(settle()).rejects.toMatchObject({ code: "ledger_shortened" });
  await database.owner.query("delete from keystore.ledger_position");
  expect(await settle()).toBe(1);
});

describe("a ledger with three entries", () => {
  const entry = (number: number) => join(place(), `${String(number).padStart(12, "0")}.entry`);
  beforeEach(async () => {
    await settle();
    for (const _ of [1, 2]) {
      await interrupted(subjectRecord(newId<UserId>()));
      await settle();
    }
  });

  test.each<[string, string, () => Promise<unknown>]>([
    ["missing", "ledger_missing", () => rm(place(), { recursive: true })],
    ["cut at its end", "ledger_shortened", () => rm(entry(2))],
    ["cut in its middle", "ledger_invalid", () => cp(entry(1), entry(2))],
    [
      "altered",
      "ledger_invalid",
      async () =>
        writeFile(entry(2), (await readFile(entry(2), "utf8")).replace("subject", "scopes")),
    ],
    [
      "begun anew",
      "ledger_shortened",
      async () => {
        await rm(place(), { recursive: true });
        await openLedger().begin(newId<Uuid>(), Date.now());
      },
    ],
  ])("that is %s is refused as %s", async (_, code, change) => {
    await change();
    await expect(settle()).rejects.toMatchObject({ code });
    await expect(settle()).rejects.toThrow("See docs/restore.md");
  });

  test("is read from another key service as one that this server did not sign", async () => {
    await expect(settle(openLedger(new MemoryLog(origin).signer))).rejects.toMatchObject({
      code: "ledger_invalid",
    });
  });

  test("with a hole is refused when all of it is read", async () => {
    await rm(entry(1));
    await expect(openLedger().read(0)).rejects.toMatchObject({ code: "ledger_shortened" });
  });
});

test("in a bucket, the first of two writers counts, whatever is stored over it later", async () => {
  const s3 = await startRealS3();
  const bucket = await s3.newBucket("with Object Lock");
  const options = { ...s3.options, bucket, retainMs: 86_400_000, now: Date.now };
  const [one, other] = [s3Ledger(options), s3Ledger(options)];
  try {
    const put = await Promise.all([
      one.put({ number: 0, note: "one" }),
      other.put({ number: 0, note: "other" }),
    ]);
    expect(put.toSorted()).toEqual([false, true]);
    const first = { number: 0, note: put[0] ? "one" : "other" };
    expect(await one.put(first)).toBe(true);
    const Key = "erasure-ledger/000000000000.entry";
    const over = { Bucket: bucket, Key, Body: "over", ChecksumAlgorithm: "SHA256" } as const;
    await s3.client.send(new PutObjectCommand(over));
    expect(await other.read(0)).toEqual([first]);
    // A deletion marker hides the object from the condition of the request, and not from the ledger.
    await s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    expect(await other.put({ number: 0, note: "again" })).toBe(false);
    expect(await other.put({ number: 1, note: "next" })).toBe(true);
    expect(await one.read(0)).toEqual([first, { number: 1, note: "next" }]);
    expect(await one.read(1)).toEqual([{ number: 1, note: "next" }]);
  } finally {
    one.close();
    other.close();
    await s3.close();
  }
});
