import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { appendEntry } from "../../audit/append-entry.ts";
import { directoryCheckpoints } from "../../audit/checkpoints/directory-store.ts";
import { Integrator, type IntegratorOptions } from "../../audit/integrate/integrator.ts";
import { OPERATOR_LOG, type LogSigner } from "../../audit/logs.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { KnownHeads } from "../../audit/read/known-heads.ts";
import { readCheckpoint, readLogInfo } from "../../audit/read/log-info.ts";
import { parseCheckpointText } from "../../audit/verify/checkpoint.ts";
import { KEY_TYPES, type NoteKey } from "../../audit/verify/note.ts";
import { verifyLog } from "../../audit/verify/verify-log.ts";
import type { TenantId, LogId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import { approvers } from "./approvers.ts";
import type { TestDatabase } from "./database.ts";
import { newId } from "../../tools/testkit/ids.ts";

/** A signer with a key of its own, as a key-management service would be. */
export function newSigner(): LogSigner {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  return {
    publicKey: Buffer.from(x ?? "", "base64url"),
    sign: (bytes) => Promise.resolve(sign(null, bytes, privateKey)),
  };
}

/** The audit logs of a database, with what keeps them going and what checks them. */
export interface TestAuditLog {
  readonly signer: LogSigner;
  /** Where checkpoints are kept outside. */
  readonly folder: string;
  /** What integrators said. */
  readonly errors: unknown[];
  newTenant(): Promise<TenantId>;
  append(tenant: TenantId, count?: number): Promise<void>;
  startIntegrator(changes?: Partial<IntegratorOptions>): Integrator;
  /** Resolves when nothing is pending and every tree is signed. */
  settled(): Promise<void>;
  keyOf(log: LogId): Promise<NoteKey>;
  /** Recomputes the log from its entries. @returns the entries as they were appended */
  verify(log: LogId): Promise<string[]>;
  asLog<T>(log: LogId, work: (client: Client) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export async function openAuditLog(database: TestDatabase): Promise<TestAuditLog> {
  const signer = newSigner();
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-checkpoints-"));
  const errors: unknown[] = [];
  const running: Integrator[] = [];
  const asLog = <T>(log: LogId, work: (client: Client) => Promise<T>) =>
    inTransaction(database.pool, log, work);
  const keyOf = async (log: LogId): Promise<NoteKey> => ({
    name: (await asLog(log, (client) => readLogInfo(client, log))).origin,
    type: KEY_TYPES.ed25519,
    publicKey: signer.publicKey,
  });
  return {
    signer,
    folder,
    errors,
    asLog,
    keyOf,
    async newTenant() {
      const id = newId<TenantId>();
      await database.owner.query(
        "insert into sealdesk.tenants (id, slug, name, created_at_ms) values ($1, $2, 'Test', 0)",
        [id, `t-${id.slice(-8)}`],
      );
      return id;
    },
    append: (tenant, count = 1) =>
      inTransaction(database.pool, tenant, async (client) => {
        for (let at = 0; at < count; at++) await appendEntry(client, entryOf(tenant, at));
      }),
    startIntegrator(changes) {
      const integrator = new Integrator({
        url: database.ownerUrl,
        originPrefix: "audit.example",
        signer,
        store: directoryCheckpoints(folder),
        approvers,
        pollMs: 5,
        retryMs: 20,
        onError: (error) => errors.push(error),
        ...changes,
      });
      running.push(integrator);
      return integrator;
    },
    async settled() {
      for (;;) {
        const { rows } = await database.owner.query<{ settled: boolean }>(
          `select not exists (select from audit.pending) and not exists (
             select from audit.logs join lateral (
               select size from audit.trees where log = id order by size desc limit 1) as tree on true
             where not exists (select from audit.checkpoints c where c.log = id and c.size = tree.size)
           ) as settled`,
        );
        if (rows[0]?.settled === true) return;
      }
    },
    verify: (log) =>
      asLog(log, async (client) => {
        const entries: string[] = [];
        const key = await keyOf(log);
        const onEntry = (entry: Uint8Array) => entries.push(Buffer.from(entry).toString());
        const opened = await new KnownHeads(signer.publicKey).open(client, log);
        if (opened === undefined) throw new Error("nothing is signed");
        await verifyLog(nodeChecks, opened.source, { key, onEntry });
        return entries;
      }),
    async close() {
      await Promise.all(running.map((integrator) => integrator.close()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export const entryOf = (tenant: TenantId, at: number) =>
  ({
    occurredAtMs: 1_700_000_000_000 + at,
    tenant,
    actor: { kind: "system", id: "test" },
    action: "transcript.record",
    resource: { type: "tenant", id: String(at) },
    outcome: "success",
  }) as const;

/** The size that the latest checkpoint of a log says. */
export async function signedSize(log: TestAuditLog, id: LogId): Promise<number> {
  const note = await log.asLog(id, (client) => readCheckpoint(client, id));
  return note === undefined ? 0 : parseCheckpointText(note.slice(0, note.indexOf("\n\n") + 1)).size;
}

export { OPERATOR_LOG };
