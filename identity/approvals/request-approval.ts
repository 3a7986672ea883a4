import { createHash } from "node:crypto";
import { equalBytes, utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { nameOf, tenantOf, type Party } from "../party.ts";
import type { StoredApproval } from "./stored-approvals.ts";

/** Time in which other people may approve a request, unless it names another. */
export const APPROVAL_MS = 7 * 86_400_000;

/** An act that needs other people. */
export interface ApprovalRequest {
  readonly id: Uuid;
  /** What the approval lets happen, such as "policy.approve". */
  readonly action: string;
  /** Everything that the act depends on: ids and numbers. Other people approve exactly this. */
  readonly parameters: { readonly [name: string]: CanonicalValue };
  /** Why, for the people who approve: one line of at most 300 characters. */
  readonly reason: string;
  /** The number of other people who must approve it; 1 by default. */
  readonly needed?: number;
  /** Time in which they may, in milliseconds; `APPROVAL_MS` by default. */
  readonly withinMs?: number;
}

const INSERT = `
  insert into approvals (tenant, id, action, parameters, parameters_hash, reason, requester, requested_at_ms,
    expires_at_ms, needed)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`;

/** Stores a request in the caller's transaction. @returns when it expires, in milliseconds */
export async function requestApproval(
  client: Client,
  party: Party,
  { id, action, parameters, reason, needed = 1, withinMs = APPROVAL_MS }: ApprovalRequest,
  nowMs: number,
): Promise<number> {
  const expiresAtMs = nowMs + withinMs;
  await client.query(INSERT, [
    tenantOf(party),
    id,
    action,
    JSON.stringify(parameters),
    hashOfParameters(action, parameters),
    reason,
    nameOf(party),
    nowMs,
    expiresAtMs,
    needed,
  ]);
  return expiresAtMs;
}

/** Returns whether the parameters of a stored request are those that its hash is about. */
export const isUnaltered = ({
  action,
  parameters,
  parametersHash,
}: Pick<StoredApproval, "action" | "parameters" | "parametersHash">): boolean =>
  equalBytes(hashOfParameters(action, parameters as CanonicalValue), parametersHash);

/** SHA-256 of the action and its parameters as canonical JSON (RFC 8785). */
export const hashOfParameters = (action: string, parameters: CanonicalValue): Uint8Array =>
  createHash("sha256")
    .update(utf8(canonicalJson([action, parameters])))
    .digest();
