import { OPERATOR_LOG, type LogId, type LogSigner } from "../../../audit/logs.ts";
import { nodeChecks } from "../../../audit/node-checks.ts";
import { readCheckpoint, readLogInfo, type LogInfo } from "../../../audit/read/database-log.ts";
import { openCheckpoint, type Checkpoint } from "../../../audit/verify/checkpoint.ts";
import { LogError } from "../../../audit/verify/log-error.ts";
import { KEY_TYPES, type NoteKey } from "../../../audit/verify/note.ts";
import type { Pool } from "../../../db/pool.ts";
import { inTransaction } from "../../../db/transaction.ts";
import { findTenant } from "../../../keys/accounts/tenant.ts";
import { localAuditSigner } from "../../../keys/audit-signer.ts";
import { openLocalKeyring } from "../../../keys/local-keyring.ts";
import { CommandError, type Settings } from "../../settings.ts";

/** Which log a command is about. */
export interface LogChoice {
  /** A slug. */
  readonly tenant?: string;
  readonly operator?: true;
}

export interface OpenLog extends LogInfo {
  readonly log: LogId;
  readonly signer: LogSigner;
  readonly key: NoteKey;
  /** The latest signed head, as text and as what it says. */
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

/**
 * A log in the database with the key from SEALDESK_HOME, which must be the key that signed it.
 * @throws CommandError, AuditError log_not_found
 */
export async function openLog(settings: Settings, pool: Pool, choice: LogChoice): Promise<OpenLog> {
  const log = await chooseLog(pool, choice);
  const { home, keyringPassphrase: passphrase, production: mustBeSealed } = settings;
  const signer = localAuditSigner(await openLocalKeyring({ home, passphrase, mustBeSealed }));
  const { info, note } = await inTransaction(pool, log, async (client) => ({
    info: await readLogInfo(client, log),
    note: await readCheckpoint(client, log),
  }));
  if (note === undefined) throw new CommandError("The log has no signed checkpoint yet.");
  const key: NoteKey = {
    name: info.origin,
    type: KEY_TYPES.ed25519,
    publicKey: signer.publicKey,
  };
  try {
    const checkpoint = openCheckpoint(nodeChecks, note, key);
    return { ...info, log, signer, key, note, checkpoint };
  } catch (cause) {
    if (!(cause instanceof LogError)) throw cause;
    throw new CommandError(`The audit key in SEALDESK_HOME did not sign the log ${info.origin}.`, {
      cause,
    });
  }
}

async function chooseLog(pool: Pool, { tenant: slug, operator }: LogChoice): Promise<LogId> {
  if (operator === true && slug === undefined) return OPERATOR_LOG;
  if (operator === true || slug === undefined)
    throw new CommandError("Name one log: --tenant <slug>, or --operator.");
  const tenant = await findTenant(pool, slug);
  if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
  return tenant.id;
}
