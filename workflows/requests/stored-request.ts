import { createHash, randomBytes } from "node:crypto";
import { toBase64Url } from "../../crypto/wire/bytes.ts";
import type { CaseId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Law, Right } from "../../policies/deadlines/periods.ts";
import { requestMachine } from "../../policies/request-machine.ts";
import { decideByLink } from "../../policies/requests.ts";
import { moveCase } from "../cases/move-case.ts";
import { lockCase } from "../cases/stored-case.ts";
import { WorkflowError } from "../workflow-error.ts";

/** How far the erasure is that a request has begun. Times are milliseconds since the Unix epoch. */
export interface ErasureProgress {
  readonly id: CaseId;
  readonly state: string;
  /** Why the present step could not be done when it was last tried; null if it was not tried in vain. */
  readonly pending: string | null;
  /** Until when nothing is destroyed, so that the person can withdraw it; null before the account is fenced. */
  readonly contestableUntilMs: number | null;
  /** When its certificate was signed; null before. */
  readonly certifiedAtMs: number | null;
}

/** The restriction that a request has begun. */
export interface RestrictionProgress {
  /** "in_force", "announced" (it is in force until `liftsAtMs`) or "lifted". */
  readonly state: string;
  /** When it ends, in milliseconds since the Unix epoch; null before its end is announced. */
  readonly liftsAtMs: number | null;
}

/** How far the copy is that answers a request. Times are milliseconds since the Unix epoch. */
export interface CopyProgress {
  readonly id: CaseId;
  readonly state: string;
  /** Why the present step could not be done when it was last tried; null if it was not tried in vain. */
  readonly pending: string | null;
  /** When the server had packed it; null before. */
  readonly packedAtMs: number | null;
  /** When its manifest was signed; null before. */
  readonly completedAtMs: number | null;
}

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
  /** Null unless it is an accepted request for erasure. */
  readonly erasure: ErasureProgress | null;
  /** Null unless it is an accepted request for restriction. */
  readonly restriction: RestrictionProgress | null;
  /** The last copy that the person's device has begun; null if it has begun none. */
  readonly copy: CopyProgress | null;
  readonly endedAtMs: number | null;
}

export const SELECT_REQUEST = `
  select r.id, r."right", c.subject, r.residence, c.state, c.pending, r.law, r.citation,
    r.received_at_ms as "receivedAtMs",
    (select count(*)::integer from request_receipts n where n.tenant = r.tenant and n.request = r.id) as receipts,
    c.due_at_ms as "dueAtMs", r.extended_at_ms as "extendedAtMs", r.extension_reason as "extensionReason",
    r.refusal_ground as "refusalGround", c.ended_at_ms as "endedAtMs",
    case when e.case_id is not null then jsonb_build_object('id', e.case_id, 'state', ec.state, 'pending', ec.pending,
      'contestableUntilMs', e.fenced_at_ms + e.window_ms, 'certifiedAtMs', e.certified_at_ms) end as erasure,
    case when n.case_id is not null then jsonb_build_object('state', nc.state, 'liftsAtMs', n.lifts_at_ms) end as restriction,
    (select jsonb_build_object('id', x.case_id, 'state', xc.state, 'pending', xc.pending,
        'packedAtMs', x.packed_at_ms, 'completedAtMs', x.completed_at_ms)
      from exports x join cases xc on xc.tenant = x.tenant and xc.id = x.case_id
      where x.tenant = r.tenant and x.request = r.id order by xc.opened_at_ms desc, x.case_id desc limit 1) as copy
  from requests r join cases c on c.tenant = r.tenant and c.id = r.id
  left join erasures e on e.tenant = r.tenant and e.request = r.id
  left join cases ec on ec.tenant = e.tenant and ec.id = e.case_id
  left join restrictions n on n.tenant = r.tenant and n.request = r.id
  left join cases nc on nc.tenant = n.tenant and nc.id = n.case_id`;

/** @throws WorkflowError request_not_found */
export async function readRequest(client: Client, id: CaseId): Promise<StoredRequest> {
  const { rows } = await client.query<StoredRequest>(`${SELECT_REQUEST} where r.id = $1`, [id]);
  if (rows[0] === undefined) throw requestNotFound();
  return rows[0];
}

/** Returns the request whose link has this secret, unless the link was revoked. @throws WorkflowError request_not_found */
export async function requestOfLink(client: Client, secret: Uint8Array): Promise<StoredRequest> {
  const { rows } = await client.query<{ request: CaseId; revokedAtMs: number | null }>(
    `select request, revoked_at_ms as "revokedAtMs" from request_links where link_hash = $1`,
    [hashOfLink(secret)],
  );
  const [link] = rows;
  if (link === undefined || !decideByLink(link).allowed) throw requestNotFound();
  return readRequest(client, link.request);
}

/** Makes a link to the page of a request. Its secret is not stored, so it is told once. */
export async function makeLink(
  client: Client,
  publicUrl: string,
  request: CaseId,
  nowMs: number,
): Promise<string> {
  const secret = randomBytes(32);
  await client.query(
    `insert into request_links (tenant, link_hash, request, made_at_ms)
     values (sealdesk.current_tenant(), $1, $2, $3)`,
    [hashOfLink(secret), request, nowMs],
  );
  // Browsers send no fragment to any server.
  return `${publicUrl}/request-status#${await slugOf(client)}.${toBase64Url(secret)}`;
}

/** Returns the short name of the tenant. */
export async function slugOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ slug: string }>(
    "select slug from tenants where id = sealdesk.current_tenant()",
  );
  return rows[0]?.slug ?? "";
}

/**
 * Ends a request at the wish of the person, in the caller's transaction, which also writes the audit entry.
 * @returns the details of that entry
 * @throws WorkflowError case_moved, if it is over
 */
export async function endWithdrawn(client: Client, id: CaseId, by: string, nowMs: number) {
  const found = await lockCase(client, id);
  await moveCase(client, requestMachine, found, { to: "withdrawn", by }, nowMs);
  const { right } = await readRequest(client, id);
  return { right, from: found.state };
}

/** SHA-256 of the secret of a link. The secret has 256 random bits, so nobody finds it from the hash. */
export const hashOfLink = (secret: Uint8Array): Uint8Array =>
  createHash("sha256").update(secret).digest();

/** A request, as a resource of the audit log. */
export const ofRequest = (id: CaseId) => ({ type: "request" as const, id });

export const requestNotFound = (): WorkflowError =>
  new WorkflowError("request_not_found", "There is no such request.");
