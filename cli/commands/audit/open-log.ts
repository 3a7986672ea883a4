import { openCheckpointStore } from "../../../audit/checkpoints/open-store.ts";
import { catchUp } from "../../../audit/integrate/catch-up.ts";
import { OPERATOR_LOG, type LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import type { SignedHead } from "../../../audit/read/checked-log.ts";
import { readCheckpoint, readCheckpointOfSize, readLogInfo } from "../../../audit/read/log-info.ts";
import { openCheckpoint } from "../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import { KEY_TYPES, type NoteKey } from "../../../audit/verify/note.ts";
import { Witnesses } from "../../../audit/witness/witnesses.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { keyLogOf } from "../../../identity/transparency/key-log.ts";
import { logOf, type TenantId } from "../../../crypto/wire/ids.ts";
import { namedTenant } from "../../named-tenant.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase, type CommandDatabase } from "../../with-database.ts";

/** Which log a command is about. */
export interface LogChoice {
  /** The slug of a tenant. */
  readonly tenant?: string;
  readonly operator?: true;
  /** Use the tenant's key log instead of its audit log. */
  readonly keys?: true;
  /** A number: use the latest head that this many witnesses cosigned, instead of the latest one. */
  readonly cosigned?: string;
  /** A number: use the head of the log with this many entries, instead of the latest one. */
  readonly size?: string;
}

export interface OpenLog extends SignedHead {
  /** The tenant whose audit log records that this log was read. Undefined for the operator's log. */
  readonly tenant: TenantId | undefined;
  readonly signer: LogSigner;
  /** Why waiting entries were not added to the log; undefined if they were. */
  readonly refusal: Error | undefined;
}

/**
 * Runs `work` on a log in the database, with the key of the key service. That key must be the one that
 * signed the log.
 * @throws CommandError, KeysError of the service, AuditError log_not_found
 */
export async function withLog<T>(
  settings: Settings,
  choice: LogChoice,
  work: (log: OpenLog, database: CommandDatabase) => Promise<T>,
): Promise<T> {
  const { kms } = await openKms(settings.kms());
  try {
    const signer = await kmsAuditSigner(kms);
    return await withDatabase(settings, async (database) => {
      const refusal = await catchUpIfAlone(settings, database.ownerUrl, signer);
      return work({ ...(await openLog(database.pool, choice, signer)), refusal }, database);
    });
  } finally {
    await kms.close();
  }
}

/**
 * Adds entries that commands wrote while no server ran.
 * @returns why it could not, or undefined
 */
export async function catchUpIfAlone(
  { audit }: Settings,
  url: string,
  signer: LogSigner,
): Promise<Error | undefined> {
  const store = await openCheckpointStore(audit.checkpoints, Date.now);
  try {
    const { publicKey } = signer;
    const { originPrefix, restoreApprovers: approvers } = audit;
    const witnesses = new Witnesses({
      url,
      witnesses: audit.witnesses,
      originPrefix,
      store,
      publicKey,
    });
    await catchUp({ url, originPrefix, signer, store, approvers, witnesses });
    return undefined;
  } catch (error) {
    // Entries that were signed before can still be read, also by users who may not write
    // checkpoints.
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    await store.close();
  }
}

async function openLog(
  pool: Pool,
  choice: LogChoice,
  signer: LogSigner,
): Promise<Omit<OpenLog, "refusal">> {
  const { log, tenant } = await chooseLog(pool, choice);
  const cosignedBy = Number(choice.cosigned ?? 0);
  if (!Number.isSafeInteger(cosignedBy) || cosignedBy < 0)
    throw new CommandError("--cosigned takes a number of witnesses, 0 or more.");
  const size = choice.size === undefined ? undefined : Number(choice.size);
  if (size !== undefined && !(Number.isSafeInteger(size) && size > 0))
    throw new CommandError("--size takes a number of entries, 1 or more.");
  if (size !== undefined && choice.cosigned !== undefined)
    throw new CommandError("Give --size or --cosigned, not both.");
  const { info, note } = await inTransaction(pool, log, async (client) => ({
    info: await readLogInfo(client, log),
    note:
      size === undefined
        ? await readCheckpoint(client, log, cosignedBy)
        : await readCheckpointOfSize(client, log, size),
  }));
  if (note === undefined && cosignedBy > 0)
    throw new CommandError("The log has no head that this many witnesses cosigned.");
  if (note === undefined)
    throw new CommandError(
      "The log has no signed checkpoint yet. Start the server once: it signs the first one.",
    );
  const key: NoteKey = {
    name: info.origin,
    type: KEY_TYPES.ed25519,
    publicKey: signer.publicKey,
  };
  try {
    const checkpoint = openCheckpoint(nodeChecks, note, key);
    return { ...info, log, tenant, signer, key, note, checkpoint };
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new CommandError(
      `The audit key of the key service did not sign the log ${info.origin}. Check SEALDESK_KMS and SEALDESK_HOME.`,
      { cause },
    );
  }
}

async function chooseLog(
  pool: Pool,
  { tenant: slug, operator, keys }: LogChoice,
): Promise<Pick<OpenLog, "log" | "tenant">> {
  if (operator === true && slug === undefined && keys === undefined)
    return { log: OPERATOR_LOG, tenant: undefined };
  if (operator === true || slug === undefined)
    throw new CommandError("Give one log: --tenant <slug>, with or without --keys, or --operator.");
  const { id } = await namedTenant(pool, slug);
  return { log: keys === true ? keyLogOf(id) : logOf(id), tenant: id };
}
