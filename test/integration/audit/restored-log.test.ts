import { directoryCheckpoints } from "../../../audit/checkpoints/directory-store.ts";
import { integrateBatch } from "../../../audit/integrate/integrate-batch.ts";
import { withIntegratorSession } from "../../../audit/integrate/session.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { formatDeclaration } from "../../../audit/restore/declaration.ts";
import { checkpointText, parseCheckpointText } from "../../../audit/verify/checkpoint.ts";
import { formatNote, keyIdOf, parseNote } from "../../../audit/verify/note.ts";
import { utf8 } from "../../../crypto/wire/bytes.ts";
import { OPERATOR_LOG } from "../../support/audit-log.ts";
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
  parseCheckpointText(parseNote(await witnessed.newest(witnessed.tenant)).text);

/** Appends entries, which a node signs. */
async function signed(count: number): Promise<void> {
  const { log, tenant } = witnessed;
  const integrator = log.startIntegrator();
  await log.append(tenant, count);
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
  await integrator.close();
}

/** Cuts the tenant's log to its first five entries, as a database administrator could. */
const cut = () =>
  witnessed.alter(
    ...["checkpoints", "cosignatures", "trees"].map(
      (table) => `delete from audit.${table} where log = '${witnessed.tenant}' and size > 5`,
    ),
    `delete from audit.leaves where log = '${witnessed.tenant}' and index >= 5`,
    `update audit.tiles set hashes = substring(hashes for 160) where log = '${witnessed.tenant}'`,
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

test("another statement under the number of a restore is refused", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  const { name: origin } = await log.keyOf(tenant);
  await witnessed.database.owner.query(
    "insert into audit.restores (origin, restores, note) values ($1, 1, 'another')",
    [origin],
  );
  await expect(declare()).rejects.toMatchObject({ code: "audit_log_inconsistent" });
});

test("a larger head that becomes known after the restore stops nobody", async () => {
  const { log, tenant } = witnessed;
  await signed(6);
  await cut();
  await declare();
  await signed(1);
  const key = await log.keyOf(tenant);
  const text = checkpointText({ origin: key.name, size: 400, root: new Uint8Array(32) });
  const signature = await log.signer.sign(utf8(text));
  const own = { name: key.name, keyId: keyIdOf(nodeChecks.sha256, key), signature };
  await outside().keepProof(tenant, formatNote(text, [own]));
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
  const { name: origin } = await log.keyOf(tenant);
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
    `t-${tenant.slice(0, 8)}`,
    again,
  ]);
  const integrator = log.startIntegrator();
  await log.append(again, 1);
  await log.settled();
  expect(integrator.refusal).toBeUndefined();
  const { text } = parseNote(await witnessed.newest(again));
  expect(parseCheckpointText(text)).toMatchObject({ origin, size: 1, restores: 1 });
});
