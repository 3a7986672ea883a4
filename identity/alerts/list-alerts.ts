import type { UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { decideAlerts } from "../../policies/alerts.ts";
import type { UseCase } from "../audited.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../party.ts";

/** An act that officers are alerted to. Times are milliseconds since the Unix epoch. */
export interface Alert {
  /** The `eventId` of the act's entry in the audit log. */
  readonly id: Uuid;
  /** The name of the act in the audit log. */
  readonly action: string;
  readonly resourceKind: string;
  readonly resource: string;
  /** The id of an account, "operator:" and the name of a person, or the part of the system that acted. */
  readonly actor: string;
  readonly subject: UserId | null;
  readonly raisedAtMs: number;
  /** The officer who has seen it; null if none has. */
  readonly acknowledgedBy: string | null;
  readonly acknowledgedAtMs: number | null;
}

/** The alerts of a page. */
const ALERTS_PER_PAGE = 100;

// The ids are UUIDs of version 7, so their order is that of time.
const SELECT = `
  select id, action, resource_kind as "resourceKind", resource, actor, subject, raised_at_ms as "raisedAtMs",
    acknowledged_by as "acknowledgedBy", acknowledged_at_ms as "acknowledgedAtMs"
  from alerts
  where ($1::uuid is null or id < $1) and ($2::boolean or acknowledged_at_ms is null)
  order by id desc limit $3`;

/**
 * Returns alerts of the tenant, the newest first, at most 100.
 * @param page.before the last alert of the page before
 * @param page.includeAcknowledged whether alerts are listed that an officer has acknowledged
 * @throws IdentityError forbidden
 */
export function listAlerts(
  deps: UseCase,
  party: Party,
  page: { readonly before?: Uuid | undefined; readonly includeAcknowledged: boolean },
): Promise<readonly Alert[]> {
  const tenant = tenantOf(party);
  const act = { action: "alert.list", resource: { type: "alert", id: tenant } } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideAlerts(actor, "read", { tenant }));
    const { rows } = await client.query<Alert>(SELECT, [
      page.before ?? null,
      page.includeAcknowledged,
      ALERTS_PER_PAGE,
    ]);
    note({ ...decided, details: { found: rows.length } });
    return rows;
  });
}
