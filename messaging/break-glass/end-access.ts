import { appendEntry } from "../../audit/append-entry.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";
import { lockAccount } from "../../identity/directory/lock-account.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { Disconnect } from "../../identity/tokens/disconnect.ts";
import { disconnectEnded, endSessionsOf } from "../../identity/tokens/end-sessions.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { MessagingError } from "../messaging-error.ts";
import { accessFacts, ofAccess, readAccess, type Access } from "./access-row.ts";

interface EndDeps extends UseCase {
  readonly disconnect: Disconnect;
}

/**
 * Ends an access before its time. The sessions of the account end, so its connections on all nodes close.
 * @throws MessagingError access_not_found, access_not_running; IdentityError forbidden
 */
export async function endAccess(deps: EndDeps, party: Party, id: Uuid): Promise<void> {
  const act = { action: "break_glass.end", resource: ofAccess(id) } as const;
  const tenant = tenantOf(party);
  const ended = await auditedBy(deps, party, act, async (client, note) => {
    const nowMs = deps.now();
    const access = await readAccess(client, id, nowMs);
    const { conversation, requester } = access;
    const facts = accessFacts(tenant, access);
    const decided = assertParty(party, (actor) => decideBreakGlass(actor, "end", facts));
    // Whoever signs in meanwhile waits, so that no session is opened that this does not end.
    await lockAccount(client, requester);
    const { rowCount } = await client.query(
      `update break_glass set ended_at_ms = sealdesk.database_now_ms(), ended_by = $2
       where id = $1 and ended_at_ms is null and granted_until_ms > sealdesk.database_now_ms()`,
      [id, nameOf(party)],
    );
    if (rowCount === 0)
      throw new MessagingError("access_not_running", "This access is not granted, or it is over.");
    const sessions = await endSessionsOf(client, requester, nowMs);
    note({ ...decided, subject: requester, details: { conversation, sessions: sessions.length } });
    return sessions;
  });
  disconnectEnded(deps.disconnect, tenant, ended);
}

/**
 * Records the accesses whose time is over, each once, and ends the sessions of their accounts. No decision waits for
 * this: the access counts no more from its last moment on.
 * @returns how many
 */
async function endOverdue(deps: EndDeps): Promise<number> {
  const failures: unknown[] = [];
  /** A failure keeps no other access from its end. */
  const attempt = async <T>(work: () => Promise<T>, otherwise: T): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      failures.push(error);
      return otherwise;
    }
  };
  let count = 0;
  for (const tenant of await tenantsWithEnded(deps.pool))
    for (const access of await attempt(() => overdueOf(deps.pool, tenant), []))
      if (await attempt(() => recordEnd(deps, tenant, access), false)) count++;
  throwAll(failures, "The end of some accesses could not be recorded.");
  return count;
}

async function tenantsWithEnded(pool: Pool): Promise<readonly TenantId[]> {
  const { rows } = await pool.query<{ tenant: TenantId }>(
    "select tenants_with_ended_break_glass as tenant from sealdesk.tenants_with_ended_break_glass()",
  );
  return rows.map(({ tenant }) => tenant);
}

type Overdue = Pick<Access, "id" | "conversation" | "requester">;

const overdueOf = (pool: Pool, tenant: TenantId): Promise<readonly Overdue[]> =>
  inTransaction(pool, tenant, async (client) => {
    const { rows } = await client.query<Overdue>(
      `select id, conversation, requester from break_glass
       where ended_at_ms is null and granted_until_ms <= sealdesk.database_now_ms()`,
    );
    return rows;
  });

/** @returns false if another node has recorded the end */
async function recordEnd(
  { pool, now, disconnect }: EndDeps,
  tenant: TenantId,
  { id, conversation, requester }: Overdue,
): Promise<boolean> {
  const nowMs = now();
  const ended = await inTransaction(pool, tenant, async (client) => {
    await lockAccount(client, requester);
    const { rowCount } = await client.query(
      "update break_glass set ended_at_ms = granted_until_ms where id = $1 and ended_at_ms is null",
      [id],
    );
    if (rowCount === 0) return undefined;
    const sessions = await endSessionsOf(client, requester, nowMs);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "break-glass" },
      action: "break_glass.end",
      resource: ofAccess(id),
      subject: requester,
      outcome: "success",
      details: { conversation, sessions: sessions.length },
    });
    return sessions;
  });
  disconnectEnded(disconnect, tenant, ended ?? []);
  return ended !== undefined;
}

const EVERY_MS = 1_000;

/** Looks every second for accesses whose time is over. @returns a function that stops */
export const endOverduePeriodically = (
  deps: EndDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) => runPeriodically(() => endOverdue(deps), EVERY_MS, onError);
