import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client, Pool } from "../../db/pool.ts";
import {
  changedLimits,
  nodeLimits,
  tenantLimitNames,
  tenantLimits,
  type LimitsOf,
  type NodeLimits,
  type SetLimits,
} from "../../policies/tenant-limits.ts";

const LIMITS = `
  select jsonb_object_agg(key, value) as limits from tenants t, jsonb_each_text(to_jsonb(t))
  where t.id = $1 and key = any($2) and value is not null`;
const ofNode = tenantLimitNames.filter((name) => tenantLimits[name].kind !== "stored");
const OF_NODE = `
  select t.id, jsonb_object_agg(key, value) as limits from tenants t, jsonb_each_text(to_jsonb(t))
  where num_nonnulls(${ofNode.join(", ")}) > 0 and key = any($1) and value is not null
  group by t.id`;

const NOTHING: NodeLimits = {};

/** Returns the limits of a tenant that do not have their first value. */
export async function readTenantLimits(
  client: Pick<Client, "query">,
  tenant: TenantId,
): Promise<SetLimits> {
  const { rows } = await client.query<{ limits: SetLimits | null }>(LIMITS, [
    tenant,
    tenantLimitNames,
  ]);
  return changedLimits(rows[0]?.limits ?? {});
}

/** The limits of a node that an operator has set for single tenants, read again from time to time. */
export class TenantLimits {
  #known: ReadonlyMap<string, NodeLimits> = new Map();

  /** Returns what a tenant was permitted when the limits were last read. It answers at once. */
  readonly of: LimitsOf = (tenant) => this.#known.get(tenant) ?? NOTHING;

  /** Reads the limits of all tenants. */
  async read(pool: Pool): Promise<void> {
    const { rows } = await pool.query<{ id: TenantId; limits: SetLimits }>(OF_NODE, [ofNode]);
    this.#known = new Map(rows.map(({ id, limits }) => [id, nodeLimits(limits)]));
  }
}
