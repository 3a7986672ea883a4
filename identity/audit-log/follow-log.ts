import { setTimeout as pause } from "node:timers/promises";
import type { IndexedEntry } from "../../audit/read/checked-log.ts";
import type { KnownHeads } from "../../audit/read/known-heads.ts";
import { logOf, type TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { assertPurpose } from "../assert-purpose.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { sessionEnd } from "../tokens/session-end.ts";

/** The dependencies for reading a tenant's log. */
export interface LogReading extends UseCase {
  readonly heads: KnownHeads;
}

const POLL_MS = 500;
const PAGE = 256;

// Anybody who can write to the database can invent places, but no signed head.
const NEXT_INDEX = `
  select coalesce(max(size), 0) as next from audit.checkpoints where log = $1`;

/**
 * Yields the entries of the tenant's log as they are signed, until `signal` aborts. It reads a page
 * only when the previous one was consumed. It ends when the actor's session or device ends, or the
 * account's role changes. Following is itself audited.
 * @param after the last known index; if absent, it begins with those that no head has signed yet
 * @throws IdentityError forbidden, purpose_required; the pages: AuditError audit_log_altered and the refusals of
 *   `KnownHeads.open`
 */
export async function followLog(
  deps: LogReading,
  actor: Actor,
  options: { readonly after?: number | undefined; readonly signal: AbortSignal },
): Promise<AsyncGenerator<readonly IndexedEntry[]>> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  const act = {
    action: "audit.tail",
    resource: { type: "audit-log", id: tenant },
    decision,
    details: { after: options.after },
  } as const;
  const from = await audited(deps, actor, act, async (client) => {
    assertAllowed(decision);
    assertPurpose(actor, "audit_log");
    if (options.after !== undefined) return options.after + 1;
    return (await client.query<{ next: number }>(NEXT_INDEX, [tenant])).rows[0]?.next ?? 0;
  });
  return pagesFrom(deps, actor, from, options.signal);
}

async function* pagesFrom(
  { pool, heads }: LogReading,
  actor: Actor,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<readonly IndexedEntry[]> {
  const { tenant } = actor;
  for (let next = from; !signal.aborted;) {
    const page = await inTransaction(pool, tenant, async (client) =>
      (await sessionEnd(client, actor)) === undefined
        ? readOn(heads, client, tenant, next)
        : undefined,
    );
    if (page === undefined) return;
    next = (page.at(-1)?.index ?? next - 1) + 1;
    if (page.length > 0) yield page;
    else await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

async function readOn(heads: KnownHeads, client: Client, tenant: TenantId, next: number) {
  const log = await heads.open(client, logOf(tenant));
  const from = Math.max(next, log?.minimumIndex ?? 0);
  return (await log?.entries(from, from + PAGE)) ?? [];
}
