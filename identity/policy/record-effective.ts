import { appendEntry } from "../../audit/append-entry.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import { ofPolicy } from "./policy-deps.ts";

// In the order in which they took effect, so that the last entry is about the version in force.
const RECORD = `
  with recorded as (
    update policy_versions v set is_recorded = true from approvals a
    where not v.is_recorded and v.withdrawn_at_ms is null
      and v.effective_from_ms <= sealdesk.database_now_ms()
      and a.tenant = v.tenant and a.id = v.approval and a.executed_at_ms is not null
    returning v.version, v.hash, v.effective_from_ms as "effectiveFromMs")
  select * from recorded order by "effectiveFromMs", version`;

interface EffectiveRow {
  readonly version: number;
  readonly hash: Uint8Array;
  readonly effectiveFromMs: number;
}

/** Writes the entries of versions that have taken effect, each once. @returns how many */
export async function recordEffective(
  client: Client,
  tenant: TenantId,
  nowMs: number,
): Promise<number> {
  const { rows } = await client.query<EffectiveRow>(RECORD);
  for (const { version, hash, effectiveFromMs } of rows)
    await appendEntry(client, {
      occurredAtMs: nowMs,
      tenant,
      actor: { kind: "system", id: "policy" },
      action: "policy.effective",
      resource: ofPolicy(tenant),
      outcome: "success",
      details: { version, hash: toHex(hash), effectiveFromMs },
    });
  return rows.length;
}

const EVERY_MS = 60_000;

/** Records the versions that take effect by the passage of time. @returns a function that stops */
export const recordEffectivePeriodically = (
  { pool, now }: UseCase,
  onError: (error: unknown) => void,
): (() => Promise<void>) =>
  runPeriodically(
    () =>
      forEachTenant(pool, (tenant) =>
        inTransaction(pool, tenant, (client) => recordEffective(client, tenant, now())),
      ),
    EVERY_MS,
    onError,
  );
