import { appendEntry } from "../../audit/append-entry.ts";
import type { ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client, Pool } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";
import { assertParty, auditedBy, nameOf, tenantOf, type Party } from "../../identity/party.ts";
import type { Disconnect } from "../../identity/tokens/disconnect.ts";
import {
  disconnectEnded,
  endSessionsOf,
  type EndedSession,
} from "../../identity/tokens/end-sessions.ts";
import { decideBreakGlass } from "../../policies/break-glass.ts";
import { MessagingError } from "../messaging-error.ts";
import { accessFacts, ofAccess, readAccess } from "./access-row.ts";

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

const ENDED = `
  update break_glass set ended_at_ms = granted_until_ms
  where ended_at_ms is null and granted_until_ms <= sealdesk.database_now_ms()
  returning id, conversation, requester`;

interface EndedRow {
  readonly id: Uuid;
  readonly conversation: ConversationId;
  readonly requester: UserId;
}

/**
 * Records the accesses whose time is over, each once, and ends the sessions of their accounts. No decision waits for
 * this: the access counts no more from its last moment on.
 * @returns how many
 */
async function endOverdue(deps: EndDeps): Promise<number> {
  const failures: unknown[] = [];
  let count = 0;
  for (const tenant of await tenantsWithEnded(deps.pool))
    try {
      const ended = await inTransaction(deps.pool, tenant, (client) =>
        endOverdueOf(client, tenant, deps.now()),
      );
      count += ended.accesses;
      disconnectEnded(deps.disconnect, tenant, ended.sessions);
    } catch (error) {
      failures.push(error);
    }
  throwAll(failures, "The end of access could not be recorded for some tenants.");
  return count;
}

async function tenantsWithEnded(pool: Pool): Promise<readonly TenantId[]> {
  const { rows } = await pool.query<{ tenant: TenantId }>(
    "select tenants_with_ended_break_glass as tenant from sealdesk.tenants_with_ended_break_glass()",
  );
  return rows.map(({ tenant }) => tenant);
}

async function endOverdueOf(
  client: Client,
  tenant: TenantId,
  nowMs: number,
): Promise<{ readonly accesses: number; readonly sessions: readonly EndedSession[] }> {
  const { rows } = await client.query<EndedRow>(ENDED);
  const sessions: EndedSession[] = [];
  for (const { id, conversation, requester } of rows) {
    const ended = await endSessionsOf(client, requester, nowMs);
    sessions.push(...ended);
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "break-glass" },
      action: "break_glass.end",
      resource: ofAccess(id),
      subject: requester,
      outcome: "success",
      details: { conversation, sessions: ended.length },
    });
  }
  return { accesses: rows.length, sessions };
}

const EVERY_MS = 1_000;

/** Looks every second for accesses whose time is over. @returns a function that stops */
export const endOverduePeriodically = (
  deps: EndDeps,
  onError: (error: unknown) => void,
): (() => Promise<void>) => runPeriodically(() => endOverdue(deps), EVERY_MS, onError);
