import type { CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import { nameOf, type Party } from "../party.ts";
import { hashOfParameters } from "./request-approval.ts";

/** What a person approves. */
export interface Approval {
  readonly id: Uuid;
  readonly action: string;
  /** The parameters as they are now. They must be those of the request. */
  readonly parameters: CanonicalValue;
}

/** A request as it is stored. */
export interface StoredApproval {
  readonly action: string;
  readonly parametersHash: Uint8Array;
  /** The id of an account, or "operator:" and the name of a person. */
  readonly requester: string;
  readonly reason: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly approver: string | null;
  readonly executedAtMs: number | null;
  readonly withdrawnAtMs: number | null;
}

const SELECT = `
  select action, parameters_hash as "parametersHash", requester, reason, requested_at_ms as "requestedAtMs",
    expires_at_ms as "expiresAtMs", approver, executed_at_ms as "executedAtMs",
    withdrawn_at_ms as "withdrawnAtMs"
  from approvals where id = $1`;

/** @throws IdentityError approval_not_found */
export async function readApproval(client: Client, id: Uuid): Promise<StoredApproval> {
  const { rows } = await client.query<StoredApproval>(SELECT, [id]);
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("approval_not_found", "There is no such request for an approval.");
  return row;
}

/**
 * Approves a request and does the act in the caller's transaction, so that both happen or neither does. The
 * row admits one answer, so of two approvals at the same time one waits for the other and is refused.
 * @param execute does the act
 * @throws IdentityError approval_not_found, own_approval, approval_changed, approval_expired,
 *   approval_used; what `execute` throws
 */
export async function executeApproved<T>(
  client: Client,
  party: Party,
  { id, action, parameters }: Approval,
  nowMs: number,
  execute: () => Promise<T>,
): Promise<T> {
  const request = await readApproval(client, id);
  const approver = nameOf(party);
  if (request.requester === approver)
    throw new IdentityError("own_approval", "Another person must approve what you asked for.");
  const hash = hashOfParameters(action, parameters);
  if (request.action !== action || !equalBytes(request.parametersHash, hash))
    throw new IdentityError(
      "approval_changed",
      "This is not what was asked for. Ask for an approval again.",
    );
  if (request.expiresAtMs <= nowMs)
    throw new IdentityError("approval_expired", "The request is too old. Ask for it again.");
  await answer(client, id, "approver = $2, executed_at_ms = $3", [approver, nowMs]);
  return execute();
}

/**
 * Takes a request back, in the caller's transaction.
 * @throws IdentityError approval_used
 */
export const withdrawApproval = (client: Client, id: Uuid, nowMs: number): Promise<void> =>
  answer(client, id, "withdrawn_at_ms = $2", [nowMs]);

async function answer(
  client: Client,
  id: Uuid,
  changes: string,
  values: readonly unknown[],
): Promise<void> {
  const { rowCount } = await client.query(`update approvals set ${changes} where id = $1`, [
    id,
    ...values,
  ]);
  if (rowCount === 0)
    throw new IdentityError("approval_used", "The request was approved or withdrawn before.");
}
