import type { LogId } from "../../crypto/wire/ids.ts";
import type { AuditEntry } from "../append-entry.ts";
import { OPERATOR_LOG } from "../logs.ts";
import { nodeChecks } from "../node-checks.ts";
import { approverName } from "../verify/approvers.ts";
import { toBase64 } from "../verify/base64.ts";
import type { TreeHead } from "../verify/checkpoint.ts";
import type { SignedRestore } from "../verify/log-restore.ts";

/** The audit entry about a restore. `appendToLog` names the log in it. */
export type Restored = Omit<AuditEntry<"audit.log_restored">, "tenant">;

/** The restores of a tenant's audit log and of its key log. */
interface Lost {
  readonly log?: SignedRestore | undefined;
  readonly keyLog?: SignedRestore | undefined;
}

/**
 * Returns the entry about the restore of a tenant's logs.
 * @param into the audit log or the key log into which the entry goes
 */
export const entryOf = (into: LogId, { log, keyLog }: Lost, occurredAtMs: number): Restored =>
  entryWith(into, occurredAtMs, {
    ...causeOf(log ?? keyLog),
    log: log && lossOf(log),
    keyLog: keyLog && lossOf(keyLog),
  });

/**
 * Returns the entry of the operator's log. It names every log that lost entries, also of tenants
 * that the backup does not have.
 * @param part the restores that this entry lists
 * @param own the restore of the operator's log, if it lost entries
 */
export const operatorEntry = (
  part: readonly SignedRestore[],
  own: SignedRestore | undefined,
  occurredAtMs: number,
): Restored =>
  entryWith(OPERATOR_LOG, occurredAtMs, {
    ...causeOf(part[0]),
    log: own && lossOf(own),
    logs: part.map(({ origin, published, continues }) => ({
      origin,
      published: published.size,
      continues: continues.size,
    })),
  });

const entryWith = (
  log: LogId,
  occurredAtMs: number,
  details: NonNullable<Restored["details"]>,
): Restored => ({
  occurredAtMs,
  actor: { kind: "system", id: "operator" },
  action: "audit.log_restored",
  resource: { type: "audit-log", id: log },
  outcome: "success",
  details,
});

const causeOf = (restore: SignedRestore | undefined) => ({
  backupOfMs: restore?.backupOfMs,
  declaredAtMs: restore?.declaredAtMs,
  reason: restore?.reason,
  approvedBy: restore?.approvedBy.map((key) => approverName(nodeChecks.sha256, key)),
  declaration: restore && toBase64(restore.declaration),
});

const lossOf = ({ origin, restores, published, continues }: SignedRestore) => ({
  origin,
  restores,
  published: headOf(published),
  continues: headOf(continues),
});

const headOf = ({ size, root }: TreeHead) => ({ size, root: toBase64(root) });
