import { rm } from "node:fs/promises";
import { directoryCheckpoints } from "../../audit/checkpoints/directory-store.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { readCheckpoint } from "../../audit/read/log-info.ts";
import { cosignedAt } from "../../audit/verify/cosignature.ts";
import { parseNote } from "../../audit/verify/note.ts";
import { WitnessError } from "../../audit/witness/witness-error.ts";
import { Witnesses, type WitnessesOptions } from "../../audit/witness/witnesses.ts";
import { logOf, type TenantId, type LogId } from "../../crypto/wire/ids.ts";
import { openAuditLog, OPERATOR_LOG, type TestAuditLog } from "./audit-log.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";
import { until } from "./until.ts";
import { startWitness, type TestWitness } from "./witness-server.ts";

/** A log of five entries, whose integrator is stopped, and a witness that knows it. */
export interface WitnessedLog {
  readonly database: TestDatabase;
  readonly log: TestAuditLog;
  readonly tenant: TenantId;
  readonly witness: TestWitness;
  /** More witnesses, to be asked and closed as well. */
  readonly others: TestWitness[];
  /** What the integrators' node would tell its operator. */
  readonly told: { readonly code: string; readonly origin: string | undefined }[];
  ask(changes?: Partial<WitnessesOptions>): Witnesses;
  newest(id: LogId, cosignedBy?: number): Promise<string>;
  isCosigned(id: LogId, by?: TestWitness): Promise<boolean>;
  settledAndCosigned(id: LogId): Promise<void>;
  /** Does what only a superuser can. */
  alter(...statements: string[]): Promise<unknown>;
  /** As after restoring a backup from before all entries, the outside checkpoints lost with it. */
  putBack(): Promise<void>;
  close(): Promise<void>;
}

export async function openWitnessedLog(): Promise<WitnessedLog> {
  const database = await createTestDatabase();
  const log = await openAuditLog(database);
  const witness = await startWitness();
  const others: TestWitness[] = [];
  const told: WitnessedLog["told"] = [];
  const tenant = await log.newTenant();
  await log.append(tenant, 5);
  const integrator = log.startIntegrator();
  await log.settled();
  await integrator.close();
  witness.logs.push(await log.keyOf(logOf(tenant)), await log.keyOf(OPERATOR_LOG));

  const newest = async (id: LogId, cosignedBy = 0) =>
    (await log.asLog(id, (client) => readCheckpoint(client, id, cosignedBy))) ?? "";
  const isCosigned = async (id: LogId, by: TestWitness = witness) =>
    cosignedAt(nodeChecks, parseNote(await newest(id)), by.key) !== undefined;
  const alter = (...statements: string[]) =>
    database.owner.query(
      `set session_replication_role = replica;
       ${[...tables, "logs"].map((table) => `alter table audit.${table} disable trigger user;`).join("")}
       ${statements.join(";")};
       set session_replication_role = default`,
    );
  return {
    database,
    log,
    tenant,
    witness,
    others,
    told,
    newest,
    isCosigned,
    alter,
    ask: (changes) =>
      new Witnesses({
        url: database.ownerUrl,
        witnesses: [witness, ...others],
        originPrefix: "audit.example",
        store: directoryCheckpoints(log.folder),
        publicKey: log.signer.publicKey,
        everyMs: 20,
        startMs: 2_000,
        onTrouble: (error, { origin }) =>
          told.push({ code: error instanceof WitnessError ? error.code : String(error), origin }),
        ...changes,
      }),
    async settledAndCosigned(id) {
      await log.settled();
      await until(() => isCosigned(id));
    },
    async putBack() {
      await alter(...tables.map((table) => `delete from audit.${table}`));
      await rm(log.folder, { recursive: true });
    },
    async close() {
      // Answers that never come first: an integrator ends what it asked for.
      await log.close();
      for (const each of [witness, ...others]) await each.close();
      await database.drop();
    },
  };
}

const tables = ["cosignatures", "checkpoints", "trees", "tiles", "leaves"];
