/** Why the server cannot serve now, most telling first. */
export type NotReadyReason =
  | "draining" // it is stopping
  | "database_unreachable" // no answer within the limit
  | "schema_behind"; // the database lacks a migration of this version

const LIMIT_MS = 1_000;

/**
 * Tells whether the server can serve. However often it is asked, the database is asked once at a
 * time, and never waited for longer than the limit.
 * @param isCurrent whether the database's schema is at least this version's.
 */
export function createReadiness(
  isCurrent: () => Promise<boolean>,
  isDraining: () => boolean,
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
    return reason === undefined ? [] : [reason];
  };
}
