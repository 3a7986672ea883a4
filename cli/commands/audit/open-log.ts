import { openCheckpointStore } from "../../../audit/checkpoints/open-store.ts";
import { catchUp } from "../../../audit/integrate/catch-up.ts";
import { OPERATOR_LOG, type LogId, type LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { readCheckpoint, readLogInfo, type LogInfo } from "../../../audit/read/database-log.ts";
import { openCheckpoint, type Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import { KEY_TYPES, type NoteKey } from "../../../audit/verify/note.ts";
import { Witnesses } from "../../../audit/witness/witnesses.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { findTenant } from "../../../keys/accounts/tenant.ts";
import { kmsAuditSigner } from "../../../keys/audit-signer.ts";
import { openKms } from "../../../keys/kms/open-kms.ts";
import { keyLogOf } from "../../../keys/transparency/key-log.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase, type CommandDatabase } from "../../with-database.ts";

/** Which log a command is about. */
export interface LogChoice {
  /** A slug. */
  readonly tenant?: string;
  readonly operator?: true;
  /** Of the tenant: its key log instead of its audit log. */
  readonly keys?: true;
  /** A number: the latest head that so many witnesses cosigned, instead of the latest of all. */
  readonly cosigned?: string;
}

export interface OpenLog extends LogInfo {
  readonly log: LogId;
  /** Where it is written that this log was read; the operator's own has no such place. */
  readonly tenant: Uuid | undefined;
  readonly signer: LogSigner;
  readonly key: NoteKey;
  /** The latest signed head, as text and as what it says. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
  /** Why entries that wait for their place got none; undefined when nothing stands against it. */
  readonly refusal: Error | undefined;
}

/**
 * Runs `work` on a log in the database, with the key service's key, which must be the key that
 * signed it.
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

/** What commands wrote while no server ran has no place in the log yet. */
async function catchUpIfAlone(
  { audit }: Settings,
  url: string,
  signer: LogSigner,
): Promise<Error | undefined> {
  const store = await openCheckpointStore(audit.checkpoints, Date.now);
  try {
    const { publicKey } = signer;
    const { originPrefix } = audit;
    const witnesses = new Witnesses({
      url,
      witnesses: audit.witnesses,
      originPrefix,
      store,
      publicKey,
    });
    await catchUp({ url, originPrefix, signer, store, witnesses });
    return undefined;
  } catch (error) {
    // What was signed before can be read all the same, also by who may not write checkpoints.
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
    throw new CommandError("--cosigned takes a number of witnesses.");
  const { info, note } = await inTransaction(pool, log, async (client) => ({
    info: await readLogInfo(client, log),
    note: await readCheckpoint(client, log, cosignedBy),
  }));
  if (note === undefined && cosignedBy > 0)
    throw new CommandError("The log has no head that so many witnesses cosigned.");
  if (note === undefined) throw new CommandError("The log has no signed checkpoint yet.");
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
    throw new CommandError(`The key service's audit key did not sign the log ${info.origin}.`, {
      cause,
    });
  }
}

async function chooseLog(
  pool: Pool,
  { tenant: slug, operator, keys }: LogChoice,
): Promise<Pick<OpenLog, "log" | "tenant">> {
  if (operator === true && slug === undefined && keys === undefined)
    return { log: OPERATOR_LOG, tenant: undefined };
  if (operator === true || slug === undefined)
    throw new CommandError("Name one log: --tenant <slug>, with --keys or not, or --operator.");
  const tenant = await findTenant(pool, slug);
  if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
  const { id } = tenant;
  return { log: keys === true ? keyLogOf(id) : id, tenant: id };
}
