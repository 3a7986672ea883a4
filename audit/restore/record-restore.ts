import type { Client } from "../../db/pool.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { appendEntry, type AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG, type LogId, type LogSigner } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { toBase64 } from "../verify/base64.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import { logRestoreText, type LogRestore } from "../verify/log-restore.ts";
import { formatNote, keyIdOf, KEY_TYPES } from "../verify/note.ts";

/** A log that the database has. */
export interface KnownLog {
  readonly id: LogId;
  readonly origin: string;
}

/** The logs of one tenant, or of the operator, which has no key log. */
interface LogsOf {
  readonly id: Uuid;
  readonly keys: LogId | null;
}

const ADD = `
  insert into audit.restores (origin, restores, note) values ($1, $2, $3)
  on conflict (origin, restores) do nothing`;
const TENANTS = "select id, audit.key_log(id) as keys from sealdesk.tenants";

/** The statement about one log, signed by its key. */
export async function signLogRestore(signer: LogSigner, restore: LogRestore): Promise<string> {
  const { publicKey } = signer;
  const name = restore.origin;
  const text = logRestoreText(restore);
  const keyId = keyIdOf(nodeChecks.sha256, { name, type: KEY_TYPES.ed25519, publicKey });
  return formatNote(text, [{ name, keyId, signature: await signer.sign(utf8(text)) }]);
}

/**
 * Stores the statements about all restored logs, and appends an entry to each of these logs. A
 * tenant's audit log has one about its key log too. What is stored already is not stored or appended again.
 * `client` must be in a transaction of the owner.
 * @param earlier the restores that were declared before. The backup may be older than they are
 * @param declared the logs of the declaration that is applied
 */
export async function recordRestore(
  client: Client,
  signer: LogSigner,
  {
    earlier,
    declared,
    logs,
  }: {
    readonly earlier: readonly LogRestore[];
    readonly declared: readonly LogRestore[];
    readonly logs: readonly KnownLog[];
  },
  nowMs: number,
): Promise<void> {
  const store = async (restore: LogRestore) => {
    const note = await signLogRestore(signer, restore);
    return (await client.query(ADD, [restore.origin, restore.restores, note])).rowCount === 1;
  };
  for (const restore of earlier) await store(restore);
  const added: LogRestore[] = [];
  for (const restore of declared) if (await store(restore)) added.push(restore);
  const restoreOf = (log: LogId | null) => {
    const origin = logs.find(({ id }) => id === log)?.origin;
    return added.find((restore) => restore.origin === origin);
  };
  const { rows } = await client.query<LogsOf>(TENANTS);
  const append = async (log: LogId, lost: Lost) => {
    await client.query("select set_config('sealdesk.tenant', $1, true)", [log]);
    await appendEntry(client, entryOf(log, lost, nowMs));
  };
  for (const { id, keys } of [{ id: OPERATOR_LOG, keys: null }, ...rows]) {
    const [log, keyLog] = [restoreOf(id), restoreOf(keys)];
    if (log !== undefined || keyLog !== undefined) await append(id, { log, keyLog });
    // A log without new entries has no new head, and a head is what says that it was restored.
    if (keys !== null && keyLog !== undefined) await append(keys, { keyLog });
  }
}

/** What a log lost, and the key log of the same tenant. */
interface Lost {
  readonly log?: LogRestore | undefined;
  readonly keyLog?: LogRestore | undefined;
}

function entryOf(tenant: Uuid, { log, keyLog }: Lost, occurredAtMs: number): AuditEntry {
  const restore = log ?? keyLog;
  return {
    occurredAtMs,
    tenant,
    actor: { kind: "system", id: "operator" },
    action: "audit.log_restored",
    class: "U",
    resource: { type: "audit-log", id: tenant },
    outcome: "success",
    details: {
      backupOfMs: restore?.backupOfMs,
      declaredAtMs: restore?.declaredAtMs,
      reason: restore?.reason,
      approvedBy: restore && [...restore.approvedBy],
      declaration: restore && toBase64(restore.declaration),
      log: log && lossOf(log),
      keyLog: keyLog && lossOf(keyLog),
    },
  };
}

const lossOf = ({ origin, restores, published, continues }: LogRestore) => ({
  origin,
  restores,
  published: headOf(published),
  continues: headOf(continues),
});

const headOf = ({ size, root }: TreeHead) => ({ size, root: toBase64(root) });
