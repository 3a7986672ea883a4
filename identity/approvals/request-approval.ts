import { createHash } from "node:crypto";
import { utf8 } from "../../crypto/wire/bytes.ts";
import { canonicalJson, type CanonicalValue } from "../../crypto/wire/canonical-json.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { nameOf, tenantOf, type Party } from "../party.ts";

/** Time in which another person may approve a request. */
export const APPROVAL_MS = 7 * 86_400_000;

/** An act that needs a second person. */
export interface ApprovalRequest {
  readonly id: Uuid;
  /** What the approval lets happen, such as "policy.approve". */
  readonly action: string;
  /** Everything that the act depends on. Another person approves exactly this. */
  readonly parameters: CanonicalValue;
  /** Why, for the person who approves: one line of at most 300 characters. */
  readonly reason: string;
}

const INSERT = `
  insert into approvals (tenant, id, action, parameters_hash, reason, requester, requested_at_ms, expires_at_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8)`;

/** Stores a request in the caller's transaction. @returns when it expires, in milliseconds */
export async function requestApproval(
  client: Client,
  party: Party,
  { id, action, parameters, reason }: ApprovalRequest,
  nowMs: number,
): Promise<number> {
  const expiresAtMs = nowMs + APPROVAL_MS;
  await client.query(INSERT, [
    tenantOf(party),
    id,
    action,
    hashOfParameters(action, parameters),
    reason,
    nameOf(party),
    nowMs,
    expiresAtMs,
  ]);
  return expiresAtMs;
}

/** SHA-256 of the action and its parameters as canonical JSON (RFC 8785). */
export const hashOfParameters = (action: string, parameters: CanonicalValue): Uint8Array =>
  createHash("sha256")
    .update(utf8(canonicalJson([action, parameters])))
    .digest();
