import { defaultRules } from "../../policies/rules/default-rules.ts";
import { compilePolicy } from "../../policies/versions/compile-policy.ts";
import type { TestServer } from "./server.ts";
import { putInForce } from "./policy-versions.ts";

const mayBeOff = defaultRules
  .filter(({ id }) => compilePolicy(1, { off: [id], add: [] }).faults.length === 0)
  .map(({ id, actions }) => ({ id, isReading: actions.every((each) => each.startsWith("read")) }));

/**
 * Makes two versions of the policy of the server's tenant: one without any rule that may be switched off, and
 * one that only lets accounts read.
 * @returns a function that puts one of them, or the default rules, in force at once
 */
export async function switchRulesOff(
  server: TestServer,
): Promise<(to: "all off" | "acts off" | "on") => Promise<void>> {
  const { tenant, database } = server;
  const make = (off: readonly string[]) => putInForce(server, tenant, { off });
  const versions = {
    "all off": await make(mayBeOff.map(({ id }) => id)),
    "acts off": await make(mayBeOff.filter(({ isReading }) => !isReading).map(({ id }) => id)),
    on: await make([]),
  };
  return async (to) => {
    await database.owner.query(
      `update sealdesk.policy_versions set effective_from_ms = case version when $2 then 1 else 0 end
       where tenant = $1 and effective_from_ms is not null`,
      [tenant.id, versions[to]],
    );
  };
}
