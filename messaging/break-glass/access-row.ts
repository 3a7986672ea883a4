import type { ConversationId, TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { BreakGlassFacts } from "../../policies/break-glass.ts";
import { MessagingError } from "../messaging-error.ts";

/** What an officer found about an access that is over. */
export const findings = ["justified", "not_justified"] as const;
export type Finding = (typeof findings)[number];

/**
 * "requested": waits for approvers. "refused", "withdrawn", "expired": it was never granted. "granted": it counts now.
 * "ended": it waits for a review. "reviewed": an officer has judged it.
 */
export type AccessState =
  "requested" | "refused" | "withdrawn" | "expired" | "granted" | "ended" | "reviewed";

/** A request for access in an emergency, and what became of it. Times are milliseconds since the Unix epoch. */
export interface Access {
  /** The id of the request for its approval. */
  readonly id: Uuid;
  readonly conversation: ConversationId;
  readonly requester: UserId;
  readonly reason: string;
  /** How long the access lasts, once it is approved. */
  readonly minutes: number;
  readonly requestedAtMs: number;
  readonly state: AccessState;
  /** The ids of the accounts that have approved it. */
  readonly approvers: readonly string[];
  /** When the access ends; null until it is approved. */
  readonly grantedUntilMs: number | null;
  /** When it ended; null until then. */
  readonly endedAtMs: number | null;
  /** Who ended it before its time: the id of an account, or "operator:" and the name of a person. */
  readonly endedBy: string | null;
  readonly reviewedBy: string | null;
  readonly finding: Finding | null;
}

// The clock of the database decides, so an access ends on all nodes at the same moment.
const SELECT = `
  select b.id, b.conversation, b.requester, a.reason, b.minutes, a.requested_at_ms as "requestedAtMs",
    case when b.reviewed_at_ms is not null then 'reviewed'
      when b.ended_at_ms is not null or b.granted_until_ms <= sealdesk.database_now_ms() then 'ended'
      when b.granted_until_ms is not null then 'granted'
      when a.refused_at_ms is not null then 'refused'
      when a.withdrawn_at_ms is not null then 'withdrawn'
      when a.expires_at_ms <= $1 then 'expired'
      else 'requested' end as state,
    array(select n.approver from approval_answers n where n.approval = b.id order by n.answered_at_ms)
      || array_remove(array[a.approver], null) as approvers,
    b.granted_until_ms as "grantedUntilMs",
    case when b.ended_at_ms is null and b.granted_until_ms <= sealdesk.database_now_ms()
      then b.granted_until_ms else b.ended_at_ms end as "endedAtMs",
    b.ended_by as "endedBy", b.reviewed_by as "reviewedBy", b.finding
  from break_glass b join approvals a on a.tenant = b.tenant and a.id = b.id`;

/** @throws MessagingError access_not_found */
export async function readAccess(client: Client, id: Uuid, nowMs: number): Promise<Access> {
  const { rows } = await client.query<Access>(`${SELECT} where b.id = $2`, [nowMs, id]);
  const [row] = rows;
  if (row === undefined)
    throw new MessagingError("access_not_found", "There is no such request for access.");
  return row;
}

/** Returns the last requests, the newest first. */
export async function readAccesses(
  client: Client,
  nowMs: number,
  limit: number,
): Promise<readonly Access[]> {
  const { rows } = await client.query<Access>(
    `${SELECT} order by a.requested_at_ms desc, b.id desc limit $2`,
    [nowMs, limit],
  );
  return rows;
}

/** The facts for a decision about a request that is stored. */
export const accessFacts = (
  tenant: TenantId,
  { requester, approvers }: Access,
): BreakGlassFacts => ({ tenant, requester, approvers });

/** An access, as a resource of the audit log. */
export const ofAccess = (id: Uuid) => ({ type: "break-glass" as const, id });
