import type { Policy } from "./policy.ts";
import { policyTable } from "./policy-table.ts";

/**
 * Returns the rules of a policy as text: one line of JSON for each row of the table. Two policies with the same text
 * decide alike. `sealdesk policy table --json` prints it, and `node.start` has its SHA-256.
 */
export const policyText = (policy: Policy): string =>
  policyTable(policy)
    .map((row) => `${JSON.stringify(row)}\n`)
    .join("");
