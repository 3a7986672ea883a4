import { createHash } from "node:crypto";
import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Law, Right } from "../../policies/deadlines/periods.ts";
import { WorkflowError } from "../workflow-error.ts";

/** A request and how far it is. Times are milliseconds since the Unix epoch. */
export interface StoredRequest {
  /** The id of the request and of its case. */
  readonly id: CaseId;
  readonly right: Right;
  readonly subject: UserId | null;
  readonly residence: string | null;
  readonly state: string;
  /** Why the present step could not be done when it was last tried; null if it was not tried in vain. */
  readonly pending: string | null;
  /** The law with the earliest due date, and where it says so. */
  readonly law: Law;
  readonly citation: string;
  /** When the earliest of the merged requests was received. */
  readonly receivedAtMs: number;
  /** How often it was received. */
  readonly receipts: number;
  /** The first moment after the last day on which it must be answered. */
  readonly dueAtMs: number;
  readonly extendedAtMs: number | null;
  readonly extensionReason: string | null;
  readonly refusalGround: string | null;
  readonly endedAtMs: number | null;
}

export const SELECT_REQUEST = `
  select r.id, r."right", c.subject, r.residence, c.state, c.pending, r.law, r.citation,
    r.received_at_ms as "receivedAtMs",
    (select count(*)::integer from request_receipts n where n.tenant = r.tenant and n.request = r.id) as receipts,
    c.due_at_ms as "dueAtMs", r.extended_at_ms as "extendedAtMs", r.extension_reason as "extensionReason",
    r.refusal_ground as "refusalGround", c.ended_at_ms as "endedAtMs"
  from requests r join cases c on c.tenant = r.tenant and c.id = r.id`;

/** @throws WorkflowError request_not_found */
export async function readRequest(client: Client, id: CaseId): Promise<StoredRequest> {
  const { rows } = await client.query<StoredRequest>(`${SELECT_REQUEST} where r.id = $1`, [id]);
  if (rows[0] === undefined) throw requestNotFound();
  return rows[0];
}

/** Returns the request whose link has this secret. @throws WorkflowError request_not_found */
export async function requestOfLink(client: Client, secret: Uint8Array): Promise<StoredRequest> {
  const { rows } = await client.query<StoredRequest>(
    `${SELECT_REQUEST} where r.id = (select request from request_receipts where link_hash = $1)`,
    [hashOfLink(secret)],
  );
  if (rows[0] === undefined) throw requestNotFound();
  return rows[0];
}

/** SHA-256 of the secret of a link. The secret has 256 random bits, so nobody finds it from the hash. */
export const hashOfLink = (secret: Uint8Array): Uint8Array =>
  createHash("sha256").update(secret).digest();

/** A request, as a resource of the audit log. */
export const ofRequest = (id: CaseId) => ({ type: "request" as const, id });

export const requestNotFound = (): WorkflowError =>
  new WorkflowError("request_not_found", "There is no such request.");
