import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";

/** A request as it is stored. Times are milliseconds since the Unix epoch. */
export interface StoredApproval {
  readonly id: Uuid;
  readonly action: string;
  /** Everything that the act depends on: ids and numbers. */
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly parametersHash: Uint8Array;
  /** The id of an account, or "operator:" and the name of a person. */
  readonly requester: string;
  readonly reason: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  /** The number of other people who must approve it. */
  readonly needed: number;
  /** Those who have approved it before the last one. */
  readonly approvers: readonly string[];
  /** The last one, with whom the act was done. */
  readonly approver: string | null;
  readonly executedAtMs: number | null;
  readonly withdrawnAtMs: number | null;
  readonly refusedBy: string | null;
}

const SELECT = `
  select a.id, action, parameters, parameters_hash as "parametersHash", requester, reason,
    requested_at_ms as "requestedAtMs", expires_at_ms as "expiresAtMs", needed,
    array(select n.approver from approval_answers n where n.approval = a.id order by n.answered_at_ms) as approvers,
    approver, executed_at_ms as "executedAtMs", withdrawn_at_ms as "withdrawnAtMs", refused_by as "refusedBy"
  from approvals a`;

/** @throws IdentityError approval_not_found */
export async function readApproval(client: Client, id: Uuid): Promise<StoredApproval> {
  const { rows } = await client.query<StoredApproval>(`${SELECT} where a.id = $1`, [id]);
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("approval_not_found", "There is no such request for an approval.");
  return row;
}

/** The requests that a list shows. */
const MOST_LISTED = 200;

/** Returns the requests that wait for an approval, the oldest first. */
export async function readOpenApprovals(
  client: Client,
  nowMs: number,
): Promise<readonly StoredApproval[]> {
  const { rows } = await client.query<StoredApproval>(
    `${SELECT} where executed_at_ms is null and withdrawn_at_ms is null and refused_at_ms is null
       and expires_at_ms > $1
     order by requested_at_ms, a.id limit $2`,
    [nowMs, MOST_LISTED],
  );
  return rows;
}
