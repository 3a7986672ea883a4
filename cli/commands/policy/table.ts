import { inTransaction } from "../../../db/transaction.ts";
import { defaultPolicy, type Policy } from "../../../policies/policy.ts";
import { policyText } from "../../../policies/policy-text.ts";
import { policyTable, type PolicyRow } from "../../../policies/policy-table.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { versionOf, withPolicy } from "./with-policy.ts";

export interface TableOptions {
  readonly tenant?: string;
  readonly ofVersion?: string;
  readonly json?: true;
}

/** Returns the rules of a tenant's policy, or the default rules. */
export async function tableCommand(
  settings: () => Settings,
  { tenant, ofVersion: version, json }: TableOptions,
): Promise<string> {
  if (tenant === undefined && version !== undefined)
    throw new CommandError("Give --tenant with --of-version.");
  const policy = tenant === undefined ? defaultPolicy : await policyOf(settings(), tenant, version);
  return json === true ? policyText(policy).trimEnd() : text(policyTable(policy));
}

const policyOf = (
  settings: Settings,
  tenant: string,
  version: string | undefined,
): Promise<Policy> =>
  withPolicy(settings, tenant, ({ deps: { pool, policies }, party }) =>
    inTransaction(pool, party.tenant, (client) =>
      version === undefined
        ? policies.inForce(client, party.tenant)
        : policies.of(client, party.tenant, versionOf(version)),
    ),
  );

/** Prints a paragraph for each action: its roles, and when they may. */
const text = (rows: readonly PolicyRow[]): string =>
  rows
    .map(
      ({ resource, action, roles, means, rule, approvers }) =>
        `${resource} ${action}: ${roles.join(", ")}\n  ${means}${approversText(approvers)} [${rule}]`,
    )
    .join("\n");

const approversText = (approvers = 0): string =>
  approvers === 0
    ? ""
    : ` ${approvers === 1 ? "Another person" : `${approvers} other people`} must approve it.`;
