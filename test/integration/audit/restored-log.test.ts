import { logOf } from "../../../crypto/wire/ids.ts";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { appendToLog } from "../../../audit/append-entry.ts";
import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { integrateBatch } from "../../../audit/integrate/integrate-batch.ts";
import { withIntegratorSession } from "../../../audit/integrate/session.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { formatDeclaration } from "../../../audit/restore/declaration.ts";
import { toBase64 } from "../../../audit/verify/base64.ts";
import { checkpointText, parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { formatNote, keyIdOf, parseNote } from "../../../audit/verify/note.ts";
import { fromUtf8, utf8 } from "../../../crypto/wire/bytes.ts";
import { keyLogOf } from "../../../identity/transparency/key-log.ts";
import { entryOf, OPERATOR_LOG } from "../../support/audit-log.ts";
import {
  declareRestore,
  recordDeclared,
  signedDeclaration,
} from "../../support/declared-restore.ts";
import { until } from "../../support/until.ts";
import { openWitnessedLog, type WitnessedLog } from "../../support/witnessed-log.ts";

let witnessed: WitnessedLog;
beforeEach(async () => {
  witnessed = await openWitnessedLog();
});
afterEach(() => witnessed.close());

const outside = () => directoryCheckpoints(witnessed.log.folder);
const url = () => witnessed.database.ownerUrl;
const declare = () => declareRestore(url(), outside(), witnessed.log.signer);
const headOf = async () =>
  parseCheckpointText(parseNote(await witnessed.newest(logOf(witnessed.tenant))).text);

/** Appends entries, which a node signs. */
async function signed(count: number): Promise<void> {
  const { log, tenant } = witnessed;
  const integrator = log.startIntegrator();
  await log.append(tenant, count);
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
  await integrator.close();
}

/** Cuts the tenant's log to its first entries, as a database administrator could. */
const cut = (to = 5) =>
  witnessed.alter(
    ...["checkpoints", "cosignatures", "trees"].map(
      (table) => `delete from audit.${table} where log = '${witnessed.tenant}' and size > ${to}`,
    ),
    `delete from audit.leaves where log = '${witnessed.tenant}' and index >= ${to}`,
    `update audit.tiles set hashes = substring(hashes for ${to * 32}) where log = '${witnessed.tenant}'`,
  );

/** Forgets all about the logs and their restores, as an empty backup would. */
const empty = () =>
  witnessed.alter(
    "alter table audit.restores disable trigger user",
    "alter table audit.pending disable trigger user",
    ...["cosignatures", "checkpoints", "trees", "tiles", "leaves", "pending", "restores"].map(
      (table) => `delete from audit.${table}`,
    ),
  );

test("a log continues from its newest signed head: entries above it count as new", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  // Whoever can write to the database can write a consistent tree. Nobody signed it.
  await log.append(tenant, 3);
  await withIntegratorSession(url(), (client) => integrateBatch(client, "audit.example", 100));
  const [declared] = await signedDeclaration(url(), outside(), log.signer);
  expect(declared?.restore).toMatchObject({ published: { size: 11 }, continues: { size: 5 } });
});

test("a log whose newest signed head does not lead to its tiles is not declared", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  await witnessed.alter(
    `update audit.tiles set hashes = overlay(hashes placing '\\x00'::bytea from 1) where log = '${tenant}'`,
  );
  await expect(signedDeclaration(url(), outside(), log.signer)).rejects.toMatchObject({
    code: "audit_log_inconsistent",
  });
});

test("a log without any signed head is not declared", async () => {
  await signed(6);
  await cut();
  await witnessed.alter(`delete from audit.checkpoints where log = '${witnessed.tenant}'`);
  await expect(signedDeclaration(url(), outside(), witnessed.log.signer)).rejects.toMatchObject({
    code: "audit_log_inconsistent",
  });
});

test("no node continues between the declaration and its record in the database", async () => {
  const { log } = witnessed;
  await signed(6);
  await cut();
  const store = outside();
  await store.keepDeclaration(formatDeclaration(await signedDeclaration(url(), store, log.signer)));
  const early = log.startIntegrator();
  await until(() => early.refusal?.message.includes("does not record it") === true);
  await early.close();
  await recordDeclared(url(), store, log.signer);
  await signed(1);
  // Twice changes nothing.
  await recordDeclared(url(), store, log.signer);
  const { rows } = await witnessed.database.owner.query("select from audit.pending");
  expect(rows).toHaveLength(0);
});

test("rows that another writer stored under the number of a restore do not stop a node", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  const { name: origin } = await log.keyOf(logOf(tenant));
  for (const [restores, note] of [
    [1, "another"],
    [2, "a later one"],
  ])
    await witnessed.database.owner.query(
      "insert into audit.restores (origin, restores, note) values ($1, $2, $3)",
      [origin, restores, note],
    );
  await declare();
  await signed(1);
  expect(await headOf()).toMatchObject({ restores: 1 });
  // Files beside the log have the statement that is declared.
  const read = (path: string) =>
    log.asLog(logOf(tenant), async (client) => {
      const opened = await new KnownHeads(log.signer.publicKey).open(client, logOf(tenant));
      return fromUtf8((await opened?.source.read(path)) ?? new Uint8Array(0));
    });
  expect(await read("restore/1")).toContain("\nrestores 1\n");
  expect(await read("restore/2")).toBe("");
});

test("a new declaration is refused while a recorded declaration is missing outside", async () => {
  const { log } = witnessed;
  await signed(6);
  await cut();
  await declare();
  const declarations = (await readdir(log.folder)).filter((name) => name.startsWith("restore."));
  expect(declarations).toHaveLength(1);
  for (const name of declarations) await rm(join(log.folder, name));
  await expect(declare()).rejects.toMatchObject({
    code: "audit_checkpoint_invalid",
    message: expect.stringContaining("missing") as string,
  });
});

test("a larger head that becomes known after the restore does not stop a node", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  await declare();
  await signed(1);
  const key = await log.keyOf(logOf(tenant));
  const text = checkpointText({ origin: key.name, size: 400, root: new Uint8Array(32) });
  const signature = await log.signer.sign(utf8(text));
  const own = { name: key.name, keyId: keyIdOf(nodeChecks.sha256, key), signature };
  await outside().keepProof(logOf(tenant), formatNote(text, [own]));
  await signed(1);
  expect(await headOf()).toMatchObject({ restores: 1 });
});

test("a second restore to before the first one knows both", async () => {
  await empty();
  await declare();
  await signed(2);
  await empty();
  await declare();
  await signed(2);
  expect(await headOf()).toMatchObject({ restores: 2 });
  const { rows } = await witnessed.database.owner.query<{ restores: number }>(
    "select restores from audit.restores where origin = $1 order by restores",
    [(await headOf()).origin],
  );
  expect(rows.map(({ restores }) => restores)).toEqual([1, 2]);
});

test("a tenant that the backup does not have is in the operator's log, and may be made anew", async () => {
  const { log, tenant, database } = witnessed;
  await signed(6);
  const { name: origin } = await log.keyOf(logOf(tenant));
  await empty();
  await witnessed.alter(`delete from audit.logs where id = '${tenant}'`);
  await database.owner.query("delete from sealdesk.tenants where id = $1", [tenant]);
  await declare();
  const { rows } = await database.owner.query<{ entry: string }>(
    "select convert_from(entry, 'UTF8') as entry from audit.entries where tenant = $1",
    [OPERATOR_LOG],
  );
  const told = rows.map(({ entry }) => entry).filter((entry) => entry.includes("log_restored"));
  expect(told).toEqual([expect.stringContaining(`"origin":"${origin}"`)]);
  const again = await log.newTenant();
  await database.owner.query("update sealdesk.tenants set slug = $1 where id = $2", [
    `t-${tenant.slice(-8)}`,
    again,
  ]);
  const integrator = log.startIntegrator();
  await log.append(again, 1);
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
  const { text } = parseNote(await witnessed.newest(logOf(again)));
  expect(parseCheckpointText(text)).toMatchObject({ origin, size: 1, restores: 1 });
});

const tables = ["checkpoints", "trees", "leaves", "tiles"];

/** Puts back the database of a branch of 11 entries that a restore gave up. */
async function putLostBranchBack(): Promise<void> {
  await signed(6);
  await witnessed.alter(
    ...tables.map((name) => `create table public.lost_${name} as select * from audit.${name}`),
  );
  await cut();
  await declare();
  await signed(20);
  await empty();
  await witnessed.alter(
    ...tables.map((name) => `insert into audit.${name} select * from public.lost_${name}`),
  );
}

test("a log continues from no head that an earlier restore cut off", async () => {
  const { log, tenant } = witnessed;
  const at5 = await headOf();
  await putLostBranchBack();
  const { name: origin } = await log.keyOf(logOf(tenant));
  const declared = await signedDeclaration(url(), outside(), log.signer);
  const { restores, published, continues } =
    declared.find(({ restore }) => restore.origin === origin)?.restore ?? {};
  expect([restores, published?.size, continues?.size]).toEqual([2, 26, 5]);
  expect(toBase64(continues?.root ?? new Uint8Array(0))).toBe(toBase64(at5.root));
  await declare();
  await signed(1);
  expect(await headOf()).toMatchObject({ restores: 2 });
});

test("a log of which only heads are left that an earlier restore cut off is not declared", async () => {
  await putLostBranchBack();
  await witnessed.alter(
    `delete from audit.checkpoints where log = '${witnessed.tenant}' and size <= 5`,
  );
  await expect(declare()).rejects.toMatchObject({
    code: "audit_log_inconsistent",
    message: expect.stringContaining("cut off") as string,
  });
});

test("a key log that lost nothing is declared from the newest head that the database has", async () => {
  const { log, tenant } = witnessed;
  const keyLog = keyLogOf(tenant);
  const appendKeys = async (count: number) => {
    await log.asLog(keyLog, async (client) => {
      for (let at = 0; at < count; at++) await appendToLog(client, keyLog, entryOf(tenant, at));
    });
    await signed(1);
  };
  await appendKeys(3);
  const stale = await witnessed.newest(keyLog);
  await appendKeys(2);
  await cut();
  // In a bucket, the newest head may be missing for a minute.
  await writeFile(join(log.folder, keyLog), stale);
  const { name: origin } = await log.keyOf(keyLog);
  const declared = await signedDeclaration(url(), outside(), log.signer);
  const ofKeys = declared.find(({ restore }) => restore.origin === origin)?.restore;
  expect([ofKeys?.published.size, ofKeys?.continues.size]).toEqual([5, 5]);
});

test("a witness that saw less than is left is shown the head from which the log continues", async () => {
  const { log, tenant, witness, told } = witnessed;
  const integrator = log.startIntegrator({ witnesses: witnessed.ask() });
  await witnessed.settledAndCosigned(logOf(tenant));
  await integrator.close();
  await signed(3);
  await signed(3);
  await cut(8);
  await declare();
  const { name: origin } = await log.keyOf(logOf(tenant));
  expect(parseCheckpointText(parseNote(witness.seen.get(origin) ?? "").text).size).toBe(5);
  const next = log.startIntegrator({ witnesses: witnessed.ask() });
  await log.append(tenant, 1);
  await witnessed.settledAndCosigned(logOf(tenant));
  expect(next.refusal).toBeUndefined();
  expect(witness.seen.get(origin)).toContain("\nrestored 1\n");
  expect(told).toEqual([]);
});
