import type { Client, Pool } from "../../db/pool.ts";
import { poolOf } from "../../db/transaction.ts";
import { AuditError } from "../audit-error.ts";

const gates = new WeakMap<Pool, () => boolean>();

/** Refuses acts in transactions of `pool` while `isBlocking` returns true. */
export const blockActs = (pool: Pool, isBlocking: () => boolean): void =>
  void gates.set(pool, isBlocking);

/**
 * Requires that enough sinks take entries, before the entry of an act is written.
 * @throws AuditError audit_sink_unavailable; the act must then be rolled back
 */
export function assertSinksTake(client: Client): void {
  const pool = poolOf(client);
  if (pool === undefined || gates.get(pool)?.() !== true) return;
  throw new AuditError(
    "audit_sink_unavailable",
    "The places that must be given every audit entry do not take any, so the act was not done.",
  );
}
