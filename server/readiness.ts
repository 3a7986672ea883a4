/** Why the server cannot serve now, most telling first. */
export type NotReadyReason =
  | "draining" // it is stopping
  | "database_unreachable" // no answer within the limit
  | "schema_behind" // the database lacks a migration of this version
  | "audit_log_behind" // the database has fewer audit entries than were signed for
  | "audit_log_inconsistent" // the audit log is not what was signed
  | "audit_checkpoint_invalid"; // the audit checkpoint kept outside is not by this server's key

const LIMIT_MS = 1_000;

/**
 * Tells whether the server can serve. However often it is asked, the database is asked once at a
 * time, and never waited for longer than the limit.
 * @param isCurrent whether the database's schema is at least this version's.
 * @param auditRefusal why the audit log is not continued, if it is not.
 */
export function createReadiness(
  isCurrent: () => Promise<boolean>,
  isDraining: () => boolean,
  auditRefusal: () => NotReadyReason | undefined = () => undefined,
  limitMs = LIMIT_MS,
): () => Promise<readonly NotReadyReason[]> {
  let asking: Promise<NotReadyReason | undefined> | undefined;
  const ask = (): Promise<NotReadyReason | undefined> => {
    asking ??= isCurrent()
      .then(
        (current) => (current ? undefined : ("schema_behind" as const)),
        () => "database_unreachable" as const,
      )
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
  return async () => {
    if (isDraining()) return ["draining"];
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<NotReadyReason>((resolve) => {
      timer = setTimeout(() => resolve("database_unreachable"), limitMs);
    });
    const reason = await Promise.race([ask(), late]);
    clearTimeout(timer);
    return [reason, auditRefusal()].filter((each) => each !== undefined);
  };
}
