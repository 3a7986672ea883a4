import { readDatabaseClock } from "../../db/database-clock.ts";
import type { Policies } from "../../identity/policy/policies.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { decideComplianceReading } from "../../policies/compliance.ts";
import { verdictOf, type Check } from "./check.ts";
import { checkDeployment, type DeploymentChecksDeps } from "./deployment-checks.ts";
import { checkTenant } from "./tenant-checks.ts";

export interface ComplianceDeps extends DeploymentChecksDeps {
  readonly policies: Policies;
}

/** Whether a deployment and one of its tenants keep what they promise. */
export interface ComplianceReport {
  /** By the clock of the database, in milliseconds since the Unix epoch. */
  readonly checkedAtMs: number;
  readonly verdict: "ok" | "warning" | "failed";
  /** The checks of the deployment. */
  readonly deployment: readonly Check[];
  /** The checks of the tenant. */
  readonly checks: readonly Check[];
}

/**
 * Checks the deployment and one tenant. The report has numbers, settings and names of roles, and nothing personal.
 * @throws IdentityError forbidden
 */
export async function checkCompliance(
  deps: ComplianceDeps,
  party: Party,
): Promise<ComplianceReport> {
  const tenant = tenantOf(party);
  const act = {
    action: "compliance.read",
    resource: { type: "compliance-report", id: tenant },
  } as const;
  const mayRead = !("actor" in party) || decideComplianceReading(party.actor, tenant).allowed;
  // These ask other services, so they are not in the transaction of the act.
  const deployment = mayRead ? await checkDeployment(deps) : [];
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) => decideComplianceReading(actor, tenant));
    const nowMs = await readDatabaseClock(client);
    const { policies } = deps;
    const checks = await checkTenant({ client, tenant, policies, nowMs });
    const all = [...deployment, ...checks];
    const verdict = verdictOf(all);
    const failed = all.filter(({ state }) => state === "failed").map(({ name }) => name);
    note({ ...decided, details: { verdict, failed } });
    return { checkedAtMs: nowMs, verdict, deployment, checks };
  });
}
