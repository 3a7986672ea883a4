import { equalBytes } from "../../crypto/wire/bytes.ts";
import type { CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import { nameOf, type Party } from "../party.ts";
import { hashOfParameters, isUnaltered } from "./request-approval.ts";
import { readApproval } from "./stored-approvals.ts";

/** What a person approves. */
export interface Approval {
  readonly id: Uuid;
  readonly action: string;
  /** The parameters as they are now. They must be those of the request. */
  readonly parameters: CanonicalValue;
  /** The hash that the person has seen, if what they name is the request itself. */
  readonly hash?: Uint8Array | undefined;
}

/** What an approval has done. */
export interface Approved<T> {
  /** The number of people who must approve the request besides; 0 if the act is done. */
  readonly waitsFor: number;
  /** What the act returned, if it is done. */
  readonly result?: T;
}

/**
 * Approves a request. With the last approval that it needs, the act is done in the caller's transaction, so that
 * both happen or neither does. The row is locked, so of two approvals at the same time one waits for the other.
 * @param execute does the act
 * @throws IdentityError approval_not_found, own_approval, approval_changed, approval_expired,
 *   approval_used; what `execute` throws
 */
export async function executeApproved<T>(
  client: Client,
  party: Party,
  { id, action, parameters, hash: seen }: Approval,
  nowMs: number,
  execute: () => Promise<T>,
): Promise<Approved<T>> {
  const request = await readApproval(client, id);
  const approver = nameOf(party);
  if (request.requester === approver)
    throw new IdentityError("own_approval", "Another person must approve what you asked for.");
  const hash = hashOfParameters(action, parameters);
  const isSame =
    isUnaltered(request) && request.action === action && equalBytes(request.parametersHash, hash);
  if (!isSame || (seen !== undefined && !equalBytes(seen, hash)))
    throw new IdentityError(
      "approval_changed",
      "This is not what was asked for. Ask for an approval again.",
    );
  if (request.expiresAtMs <= nowMs)
    throw new IdentityError("approval_expired", "The request is too old. Ask for it again.");
  const waitsFor = await countMissing(client, id, approver);
  if (waitsFor > 0) {
    await addApprover(client, party, id, nowMs);
    return { waitsFor };
  }
  await answer(client, id, "approver = $2, executed_at_ms = $3", [approver, nowMs]);
  return { waitsFor, result: await execute() };
}

/** Locks an open request. @returns how many must approve it besides `approver` and those who have */
async function countMissing(client: Client, id: Uuid, approver: string): Promise<number> {
  const { rows } = await client.query<{ needed: number }>(
    "select needed from approvals where id = $1 for update",
    [id],
  );
  const [row] = rows;
  if (row === undefined) throw used();
  const answers = await client.query<{ approver: string }>(
    "select approver from approval_answers where approval = $1",
    [id],
  );
  if (answers.rows.some((each) => each.approver === approver))
    throw new IdentityError("approval_used", "You have approved it. Another person must, too.");
  return row.needed - answers.rows.length - 1;
}

async function addApprover(client: Client, party: Party, id: Uuid, nowMs: number): Promise<void> {
  await client.query(
    `insert into approval_answers (tenant, approval, approver, answered_at_ms)
     values (sealdesk.current_tenant(), $1, $2, $3)`,
    [id, nameOf(party), nowMs],
  );
}

/**
 * Takes a request back, in the caller's transaction.
 * @throws IdentityError approval_used
 */
export const withdrawApproval = (client: Client, id: Uuid, nowMs: number): Promise<void> =>
  answer(client, id, "withdrawn_at_ms = $2", [nowMs]);

/**
 * Refuses a request, in the caller's transaction.
 * @param by the id of an account, or "operator:" and the name of a person
 * @throws IdentityError approval_used
 */
export const refuseApproval = (
  client: Client,
  id: Uuid,
  by: string,
  nowMs: number,
): Promise<void> => answer(client, id, "refused_by = $2, refused_at_ms = $3", [by, nowMs]);

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
  if (rowCount === 0) throw used();
}

const used = (): IdentityError =>
  new IdentityError("approval_used", "The request was approved, refused or withdrawn before.");
