import { KeysError } from "../keys/keys-error.ts";
import type { LedgerErrorCode } from "../workflows/ledger/ledger-error.ts";

/** Why the audit log is not continued. Each is the code of an `AuditError`. */
export const auditReasons = [
  "audit_log_behind", // the database has fewer audit entries than were signed for
  "audit_log_inconsistent", // the audit log is not what was signed
  "audit_checkpoint_invalid", // a checkpoint of the audit log is not by this server's key
  "audit_checkpoint_missing", // a checkpoint that was kept outside the database is gone
  "audit_entry_not_stored", // the database does not keep what is appended to the operator's log
] as const;

/**
 * What an operator must examine while the server continues to serve. Every node of a database finds the
 * same. If nodes stopped for it, none would take messages.
 */
export const readyWarnings = [
  "audit_log_altered", // an entry in the database is not the signed one, or is gone
  "audit_log_unchecked", // a log, or the database against it, could not be checked for too long
  "audit_guards_altered", // triggers, functions, policies or grants are not those of this version
  "audit_state_differs", // accounts, roles, settings or migrations in the database are not what the log says
  "audit_sink_late", // audit entries wait too long for a sink
  "audit_log_unsigned", // entries wait too long for their place or for a signature
] as const;
export type ReadyWarning = (typeof readyWarnings)[number];

/** Whether the server can serve, and what to look at if it can. */
export interface Readiness {
  /** Why it cannot. Empty if it can. */
  readonly reasons: readonly NotReadyReason[];
  readonly warnings: readonly ReadyWarning[];
}

/** Reasons why the server cannot serve now. The most specific one comes first. */
export type NotReadyReason =
  | "draining" // it is stopping
  | "database_unreachable" // no answer within the limit
  | "storage_failing" // the database answers but stores nothing: its disk is full, or it is read-only
  | "messages_failing" // the database refuses a statement that every message needs
  | "schema_behind" // the database lacks a migration of this version
  | "keystore_unreachable" // no answer within the limit
  | "keystore_behind" // the keystore lacks a migration of this version
  | "kms_unreachable" // the key-management service does not answer within the limit, or fails
  | "kms_sealed"
  | "kms_standby"
  | "kms_denied" // it does not take the server's credentials
  | LedgerErrorCode
  | (typeof auditReasons)[number];

const LIMIT_MS = 1_000;

export interface Probes {
  /** Returns whether the database has every migration of this version. */
  readonly isCurrent: () => Promise<boolean>;
  /** Returns the same for the keystore, which may be in another database. */
  readonly isKeystoreCurrent: () => Promise<boolean>;
  /** Returns whether the database takes the statements that a message needs. */
  readonly takesMessages: () => Promise<boolean>;
  /** Rejects if the key-management service cannot be used. */
  readonly checkKms: () => Promise<void>;
  readonly isStorageFailing: () => boolean;
  /** Returns why the audit log is not continued. Returns undefined while it is. */
  readonly auditRefusal: () => NotReadyReason | undefined;
  /** Returns why the erasure ledger is not trusted. Returns undefined if the database has all of it. */
  readonly ledgerRefusal: () => NotReadyReason | undefined;
  readonly auditWarnings: () => readonly ReadyWarning[];
  readonly isDraining: () => boolean;
}

/**
 * Creates a function that returns whether the server can serve now. Database,
 * keystore and key service each get one request at a time, however often the function is called.
 * None is waited for longer than the limit.
 */
export function createReadiness(given: Probes, limitMs = LIMIT_MS): () => Promise<Readiness> {
  const probes = [
    schemaProbe(given.isCurrent, "schema_behind", "database_unreachable", limitMs),
    schemaProbe(given.isKeystoreCurrent, "keystore_behind", "keystore_unreachable", limitMs),
    // A database that does not answer is reported by the first probe.
    probe(() => given.takesMessages().then(messagesReason, nothing), undefined, limitMs),
    probe(() => given.checkKms().then(nothing, kmsReason), "kms_unreachable", limitMs),
  ];
  return async () => {
    if (given.isDraining()) return { reasons: ["draining"], warnings: [] };
    const reasons = await Promise.all(probes.map((ask) => ask()));
    const storage: NotReadyReason | undefined = given.isStorageFailing()
      ? "storage_failing"
      : undefined;
    return {
      reasons: [...reasons, storage, given.auditRefusal(), given.ledgerRefusal()].filter(
        (reason) => reason !== undefined,
      ),
      warnings: given.auditWarnings(),
    };
  };
}

const nothing = () => undefined;
const messagesReason = (taken: boolean) => (taken ? undefined : "messages_failing");

const schemaProbe = (
  isCurrent: () => Promise<boolean>,
  behind: NotReadyReason,
  unreachable: NotReadyReason,
  limitMs: number,
) =>
  probe(
    () =>
      isCurrent().then(
        (current) => (current ? undefined : behind),
        () => unreachable,
      ),
    unreachable,
    limitMs,
  );

/**
 * @param late what to return if there is no answer within the limit and the last answer, if there
 *   was one, gave no reason
 */
function probe(
  ask: () => Promise<NotReadyReason | undefined>,
  late: NotReadyReason | undefined,
  limitMs: number,
): () => Promise<NotReadyReason | undefined> {
  let asking: Promise<NotReadyReason | undefined> | undefined;
  let last: NotReadyReason | undefined;
  return async () => {
    asking ??= ask()
      .then((reason) => (last = reason))
      .finally(() => {
        asking = undefined;
      });
    let timer: NodeJS.Timeout | undefined;
    const tooLate = new Promise<NotReadyReason | undefined>((resolve) => {
      timer = setTimeout(() => resolve(last ?? late), limitMs);
    });
    const reason = await Promise.race([asking, tooLate]);
    clearTimeout(timer);
    return reason;
  };
}

function kmsReason(error: unknown): NotReadyReason {
  const code = error instanceof KeysError ? error.code : undefined;
  return code === "kms_sealed" || code === "kms_standby" || code === "kms_denied"
    ? code
    : "kms_unreachable";
}
