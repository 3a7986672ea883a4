import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { Labels, RetentionRule } from "../../policies/retention.ts";
import { WorkflowError } from "../workflow-error.ts";

/** The retention of a tenant, as a resource of the audit log. */
export const ofRetention = (tenant: TenantId) => ({ type: "retention" as const, id: tenant });

/** A version of a schedule. Times are milliseconds since the Unix epoch. */
export interface ScheduleVersion {
  readonly version: number;
  readonly rules: readonly RetentionRule[];
  readonly hash: Uint8Array;
  readonly savedBy: string;
  readonly savedAtMs: number;
  /** When it is to take effect; null for as soon as it may. */
  readonly beginsAtMs: number | null;
  /** The request that another person approves; null if no record ends earlier by it than before. */
  readonly approval: Uuid | null;
  /** When it takes or took effect; null until it is approved. */
  readonly effectiveFromMs: number | null;
}

/** Demands that records with these labels are kept for at least this many days. */
export interface RetentionLock extends RetentionRule {
  readonly id: Uuid;
  /** The law that demands it. */
  readonly citation: string;
  readonly setBy: string;
  readonly setAtMs: number;
}

const VERSIONS = `
  select version, rules, hash, saved_by as "savedBy", saved_at_ms as "savedAtMs", begins_at_ms as "beginsAtMs",
    approval, effective_from_ms as "effectiveFromMs"
  from retention_versions`;
const LOCKS = `
  select id, data_class as "dataClass", team, region, days, citation, set_by as "setBy", set_at_ms as "setAtMs"
  from retention_locks order by set_at_ms, id`;

/** Returns the last versions, the newest first. */
export async function readVersions(client: Client): Promise<readonly ScheduleVersion[]> {
  const { rows } = await client.query<ScheduleVersion>(
    `${VERSIONS} order by version desc limit 100`,
  );
  return rows;
}

/** @throws WorkflowError retention_version_not_found */
export async function readVersionOf(client: Client, approval: Uuid): Promise<ScheduleVersion> {
  const { rows } = await client.query<ScheduleVersion>(`${VERSIONS} where approval = $1`, [
    approval,
  ]);
  const [row] = rows;
  if (row === undefined)
    throw new WorkflowError(
      "retention_version_not_found",
      "There is no such version of the retention schedule.",
    );
  return row;
}

/** Returns the rules in force now, by the clock of the database. Without a version nothing expires. */
export async function readRules(client: Client): Promise<readonly RetentionRule[]> {
  const { rows } = await client.query<{ rules: readonly RetentionRule[] }>(
    "select sealdesk.retention_rules() as rules",
  );
  return rows[0]?.rules ?? [];
}

/** Returns the rules of each version that takes effect later. */
export async function readComingRules(
  client: Client,
): Promise<readonly (readonly RetentionRule[])[]> {
  const { rows } = await client.query<ScheduleVersion>(
    `${VERSIONS} where effective_from_ms > sealdesk.database_now_ms()`,
  );
  return rows.map(({ rules }) => rules);
}

type LockRow = Omit<RetentionLock, keyof Labels> & {
  readonly [L in keyof Labels]-?: string | null;
};

/** Returns the locks, the oldest first. */
export async function readLocks(client: Client): Promise<readonly RetentionLock[]> {
  const { rows } = await client.query<LockRow>(LOCKS);
  return rows.map(({ dataClass, team, region, ...row }) => ({
    ...row,
    ...labelsOf({ dataClass, team, region }),
  }));
}

/** Returns the labels that there are. */
export const labelsOf = ({
  dataClass,
  team,
  region,
}: { readonly [L in keyof Labels]: string | null | undefined }): Labels => ({
  ...(typeof dataClass === "string" && { dataClass }),
  ...(typeof team === "string" && { team }),
  ...(typeof region === "string" && { region }),
});

/** The rules as they are stored, hashed and recorded: without the labels that they do not have. */
export const printedRules = (rules: readonly RetentionRule[]) =>
  rules.map((rule) => ({ ...labelsOf(rule), days: rule.days }));

/** Locks the retention of a tenant until the transaction ends: versions and locks take turns. */
export async function lockRetention(client: Client, tenant: TenantId): Promise<void> {
  await client.query("select pg_advisory_xact_lock(hashtext('sealdesk.retention'), hashtext($1))", [
    tenant,
  ]);
}
