import { setTimeout as pause } from "node:timers/promises";
import { readEntries } from "../../audit/read/database-log.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideAuditReading } from "../../policies/audit-access.ts";
import { audited, assertAllowed, type UseCase } from "../audited.ts";
import { sessionEnd } from "../tokens/session-end.ts";

export type IntegratedEntries = Awaited<ReturnType<typeof readEntries>>;

const POLL_MS = 500;
const PAGE = 256;

const NEXT_INDEX = `
  select coalesce(max(index) + 1, 0) as next from audit.leaves where log = $1`;

/**
 * Yields the entries of the tenant's log as they are integrated, until `signal` aborts. It reads a
 * page only when the previous one was consumed. It ends when the actor's session or device ends, or the
 * account's role changes. Following is itself audited.
 * @param after the last known index; if absent, it begins with entries from now on
 * @throws KeysError forbidden
 */
export async function followLog(
  deps: UseCase,
  actor: Actor,
  options: { readonly after?: number | undefined; readonly signal: AbortSignal },
): Promise<AsyncGenerator<IntegratedEntries>> {
  const { tenant } = actor;
  const decision = decideAuditReading(actor, tenant);
  const act = {
    action: "audit.tail",
    class: "R",
    resource: { type: "audit-log", id: tenant },
    decision,
    details: { after: options.after },
  } as const;
  const from = await audited(deps, actor, act, async (client) => {
    assertAllowed(decision);
    if (options.after !== undefined) return options.after + 1;
    return (await client.query<{ next: number }>(NEXT_INDEX, [tenant])).rows[0]?.next ?? 0;
  });
  return pagesFrom(deps, actor, from, options.signal);
}

async function* pagesFrom(
  { pool }: UseCase,
  actor: Actor,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<IntegratedEntries> {
  const { tenant } = actor;
  for (let next = from; !signal.aborted;) {
    const page = await inTransaction(pool, tenant, async (client) =>
      (await sessionEnd(client, actor)) === undefined
        ? readEntries(client, tenant, next, next + PAGE)
        : undefined,
    );
    if (page === undefined) return;
    next = (page.at(-1)?.index ?? next - 1) + 1;
    if (page.length > 0) yield page;
    else await pause(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}
