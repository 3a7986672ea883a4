import type { CheckpointStore } from "../../../../audit/checkpoints/checkpoint-store.ts";
import { openCheckpointStore } from "../../../../audit/checkpoints/open-store.ts";
import { openOurs, OUTSIDE, placeOf } from "../../../../audit/integrate/open-ours.ts";
import { withIntegratorSession } from "../../../../audit/integrate/session.ts";
import { OPERATOR_LOG, type LogSigner } from "../../../../audit/logs.ts";
import { findLost, type PublishedHead } from "../../../../audit/restore/find-lost.ts";
import type { KnownLog } from "../../../../audit/restore/record-restore.ts";
import { readAllRestores, type Restores } from "../../../../audit/restore/restores.ts";
import type { RestoredLog } from "../../../../audit/verify/log-restore.ts";
import type { NoteKey } from "../../../../audit/verify/note.ts";
import type { Client } from "../../../../db/pool.ts";
import { kmsAuditSigner } from "../../../../keys/audit-signer.ts";
import { openKms } from "../../../../keys/kms/open-kms.ts";
import { CommandError, type Settings } from "../../../settings.ts";
import { withDatabase } from "../../../with-database.ts";

/** The dependencies of the commands about a restore. */
export interface Restoring {
  readonly ownerUrl: string;
  /** A session of the integrator's role, which sees the structure of all logs. */
  readonly client: Client;
  readonly store: CheckpointStore;
  readonly signer: LogSigner;
  /** The logs that the database has. */
  readonly logs: readonly KnownLog[];
  /** The origin of the operator's log. */
  readonly deployment: string;
  /** The restores that are declared already. */
  readonly restores: Restores;
}

/**
 * Runs `work` with the database, the audit key and the checkpoints kept outside the database.
 * @throws CommandError, KeysError of the key service, AuditError audit_checkpoint_invalid
 */
export async function withRestoring<T>(
  settings: Settings,
  work: (restoring: Restoring) => Promise<T>,
): Promise<T> {
  const { kms } = await openKms(settings.kms());
  const store = await openCheckpointStore(settings.audit.checkpoints, Date.now);
  try {
    const signer = await kmsAuditSigner(kms);
    return await withDatabase(settings, ({ ownerUrl }) =>
      withIntegratorSession(ownerUrl, async (client) => {
        const { publicKey } = signer;
        const approvers = settings.audit.restoreApprovers;
        const restores = await readAllRestores(client, { store, publicKey, approvers });
        const { rows: logs } = await client.query<KnownLog>("select id, origin from audit.logs");
        const deployment =
          logs.find(({ id }) => id === OPERATOR_LOG)?.origin ??
          `${settings.audit.originPrefix}/audit/operator`;
        return work({ ownerUrl, client, store, signer, logs, deployment, restores });
      }),
    );
  } finally {
    await store.close();
    await kms.close();
  }
}

/** Returns every head that is kept outside the database. Our own key must have signed each. */
export const publishedHeads = async ({ store, signer }: Restoring): Promise<PublishedHead[]> =>
  (await store.all()).map(({ log, note }) => ({
    log,
    head: openOurs(note, signer.publicKey, placeOf(log, OUTSIDE)),
  }));

/**
 * Returns, for each log that lost entries, the published head and the head from which it continues,
 * as `findLost` does. It compares the database with every head that is kept outside.
 */
export const lostLogs = async (restoring: Restoring): Promise<RestoredLog[]> =>
  findLost(
    restoring.client,
    await publishedHeads(restoring),
    restoring.restores,
    restoring.signer.publicKey,
  );

/** @throws CommandError if no approvers are configured, so that no restore can be declared */
export function configuredApprovers({ audit }: Settings): readonly NoteKey[] {
  const { restoreApprovers } = audit;
  if (restoreApprovers.length === 0)
    throw new CommandError(
      "AUDIT_RESTORE_APPROVERS is not set, so nobody may approve a restore. Set it to the verifier keys of at least two people. Each makes a key with sealdesk audit restore key. See docs/restore.md.",
    );
  return restoreApprovers;
}
