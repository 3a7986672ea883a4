import { appendEntry, type AuditEntry } from "../../audit/append-entry.ts";
import type { HoldId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { throwAll } from "../../db/throw-all.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../../identity/audited.ts";

/** What waits for a person for too long, by the clock of the database. */
interface Waiting {
  /** SQL of the tenants that have some. */
  readonly tenants: string;
  /** Notes that officers are told of what waits in one tenant, so that the next call finds nothing. */
  readonly escalate: (client: Client) => Promise<readonly Escalated[]>;
}

type Escalated = Pick<
  AuditEntry<"hold.escalate" | "hold.escalate_match">,
  "action" | "resource" | "subject" | "details"
>;

/** A re-opened erasure that nobody has seen to in 30 days. */
const erasures: Waiting = {
  tenants:
    "select tenants_with_overdue_erasures as tenant from sealdesk.tenants_with_overdue_erasures()",
  async escalate(client) {
    const { rows } = await client.query<{ erasure: Uuid; subject: UserId; items: number }>(`
      with escalated as (
        update deferred_erasures set escalated_at_ms = sealdesk.database_now_ms()
        where due_at_ms <= sealdesk.database_now_ms() and attended_at_ms is null and escalated_at_ms is null
        returning erasure, subject)
      select erasure, subject, count(*)::integer as items from escalated group by erasure, subject order by erasure`);
    return rows.map(({ erasure, subject, items }) => ({
      action: "hold.escalate",
      resource: { type: "erasure", id: erasure },
      subject,
      details: { items },
    }));
  },
};

interface MatchRow {
  readonly id: Uuid;
  readonly hold: HoldId;
  readonly account: UserId;
  readonly isWaiting: boolean;
}

/** A question to the custodian of a hold that nobody has answered in a week. */
const matches: Waiting = {
  tenants:
    "select tenants_with_overdue_matches as tenant from sealdesk.tenants_with_overdue_matches()",
  async escalate(client) {
    // The question about a hold that is released waits for nobody. It is noted too, so that it is not looked at again.
    const { rows } = await client.query<MatchRow>(`
      update potential_matches m set escalated_at_ms = sealdesk.database_now_ms()
      from holds h
      where h.id = m.hold and m.answered_at_ms is null and m.escalated_at_ms is null
        and m.asked_at_ms <= sealdesk.database_now_ms() - 604800000
      returning m.id, m.hold, m.account, h.released_at_ms is null as "isWaiting"`);
    return rows
      .filter(({ isWaiting }) => isWaiting)
      .map(({ id, hold, account }) => ({
        action: "hold.escalate_match",
        resource: { type: "potential-match", id },
        subject: account,
        details: { hold },
      }));
  },
};

/**
 * Alerts officers to each re-opened erasure that nobody has seen to in 30 days, and to each question to a custodian that
 * nobody has answered in a week, once, by the clock of the database. They go on waiting.
 * @returns how many
 */
export async function escalateWaiting({ pool, now }: UseCase): Promise<number> {
  const failures: unknown[] = [];
  let count = 0;
  for (const waiting of [erasures, matches]) {
    const { rows } = await pool.query<{ tenant: TenantId }>(waiting.tenants);
    for (const { tenant } of rows)
      try {
        count += await escalateIn({ pool, now }, tenant, waiting);
      } catch (error) {
        failures.push(error);
      }
  }
  throwAll(failures, "Some of what waits for a person could not be escalated.");
  return count;
}

const escalateIn = (
  { pool, now }: UseCase,
  tenant: TenantId,
  { escalate }: Waiting,
): Promise<number> =>
  inTransaction(pool, tenant, async (client) => {
    const escalated = await escalate(client);
    for (const entry of escalated)
      await appendEntry(client, {
        ...entry,
        occurredAtMs: now(),
        tenant,
        actor: { kind: "system", id: "holds" },
        outcome: "success",
      });
    return escalated.length;
  });

const EVERY_MS = 60_000;

/** Looks every minute for what waits too long. @returns a function that stops */
export const escalateWaitingPeriodically = (
  deps: UseCase,
  onError: (error: unknown) => void,
): (() => Promise<void>) => runPeriodically(() => escalateWaiting(deps), EVERY_MS, onError);
