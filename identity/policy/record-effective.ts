import { appendEntry } from "../../audit/append-entry.ts";
import { toHex } from "../../crypto/wire/bytes.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import { forEachTenant } from "../../db/for-each-tenant.ts";
import type { Client } from "../../db/pool.ts";
import { runPeriodically } from "../../db/run-periodically.ts";
import { inTransaction } from "../../db/transaction.ts";
import type { UseCase } from "../audited.ts";
import { ofPolicy } from "./policy-deps.ts";

const RECORD = `
  update policy_versions set is_recorded = true
  where not is_recorded and withdrawn_at_ms is null
    and effective_from_ms <= sealdesk.database_now_ms()
  returning version, hash, effective_from_ms as "effectiveFromMs"`;

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
