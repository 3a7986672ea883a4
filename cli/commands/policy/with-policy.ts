import type { OperatorActor } from "../../../audit/operator.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { findTenant } from "../../../identity/accounts/tenant.ts";
import { Policies } from "../../../identity/policy/policies.ts";
import type { PolicyDeps } from "../../../identity/policy/policy-deps.ts";
import type { WithLedger } from "../../../workflows/ledger/settle-deps.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withDatabase } from "../../with-database.ts";
import { withSettling } from "../ledger/with-ledger.ts";

/** The dependencies of a command that works on a tenant's policy. */
export interface CommandPolicy {
  readonly deps: PolicyDeps & { readonly withLedger: WithLedger };
  /** The operator, for this tenant. */
  readonly party: { readonly tenant: TenantId; readonly operator: OperatorActor };
}

/** Runs `work` on the policy of a tenant. @throws CommandError, and what `withDatabase` throws */
export const withPolicy = <T>(
  settings: Settings,
  slug: string,
  work: (policy: CommandPolicy) => Promise<T>,
): Promise<T> =>
  withDatabase(settings, async ({ ownerUrl, pool }) => {
    const tenant = await findTenant(pool, slug);
    if (tenant === undefined) throw new CommandError(`There is no tenant ${slug}.`);
    const withLedger: WithLedger = (asked) => withSettling(settings, { ownerUrl, pool }, asked);
    const deps = { pool, now: Date.now, policies: new Policies(), withLedger };
    return work({ deps, party: { tenant: tenant.id, operator: settings.operator } });
  });

/** @throws CommandError */
export function versionOf(text: string): number {
  if (!/^(0|[1-9]\d{0,8})$/.test(text)) throw new CommandError("Give the number of a version.");
  return Number(text);
}
