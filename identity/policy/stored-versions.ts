import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import { IdentityError } from "../identity-error.ts";
import type { StoredVersion } from "./version-row.ts";

/**
 * "draft": waits for a second person. "expired": nobody approved it in time. "approved": takes effect later.
 * "in_force": decides now. "superseded": decided before.
 */
export type VersionState =
  "draft" | "expired" | "approved" | "in_force" | "superseded" | "withdrawn";

/** A version with its request. Times are milliseconds since the Unix epoch. */
export interface VersionRow extends StoredVersion {
  readonly approval: Uuid;
  readonly state: VersionState;
  readonly reason: string;
  /** Who proposed it: the id of an account, or "operator:" and the name of a person. */
  readonly requester: string;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly approver: string | null;
  /** When it is to take effect; null for the moment of the approval. */
  readonly beginsAtMs: number | null;
  /** When it takes or took effect; null until it is approved. */
  readonly effectiveFromMs: number | null;
}

const SELECT = `
  select v.version, v.changes, v.hash, v.approval, a.reason, a.requester,
    a.requested_at_ms as "requestedAtMs", a.expires_at_ms as "expiresAtMs", a.approver,
    v.begins_at_ms as "beginsAtMs", v.effective_from_ms as "effectiveFromMs",
    case when v.withdrawn_at_ms is not null then 'withdrawn'
      when v.effective_from_ms is null and a.expires_at_ms <= $1 then 'expired'
      when v.effective_from_ms is null then 'draft'
      when v.effective_from_ms > sealdesk.database_now_ms() then 'approved'
      when v.version = sealdesk.policy_version() then 'in_force'
      else 'superseded' end as state
  from policy_versions v join approvals a on a.tenant = v.tenant and a.id = v.approval`;

/** Returns the last versions, the newest first. */
export async function readVersions(
  client: Client,
  nowMs: number,
  limit = 100,
): Promise<readonly VersionRow[]> {
  const { rows } = await client.query<VersionRow>(`${SELECT} order by v.version desc limit $2`, [
    nowMs,
    limit,
  ]);
  return rows;
}

/** @throws IdentityError policy_version_not_found */
export async function readVersionRow(
  client: Client,
  version: number,
  nowMs: number,
): Promise<VersionRow> {
  const { rows } = await client.query<VersionRow>(`${SELECT} where v.version = $2`, [
    nowMs,
    version,
  ]);
  const [row] = rows;
  if (row === undefined)
    throw new IdentityError("policy_version_not_found", `The policy has no version ${version}.`);
  return row;
}

/** Returns the version that was in force at a time, in milliseconds since the Unix epoch. */
export async function readVersionAt(client: Client, atMs: number): Promise<number> {
  const { rows } = await client.query<{ version: number }>(
    `select v.version from policy_versions v join approvals a on a.tenant = v.tenant and a.id = v.approval
     where v.withdrawn_at_ms is null and v.effective_from_ms <= $1 and a.executed_at_ms is not null
     order by v.effective_from_ms desc, v.version desc limit 1`,
    [atMs],
  );
  return rows[0]?.version ?? 0;
}
