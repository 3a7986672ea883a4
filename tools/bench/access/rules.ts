import { compileChanges } from "../../../identity/policy/version-row.ts";
import type { Policy } from "../../../policies/policy.ts";
import type { PolicyChanges } from "../../../policies/versions/policy-changes.ts";

/** What a version can say of reading: three conditions besides those of the default rule. */
const narrowedReading: PolicyChanges = {
  off: ["conversation.read"],
  add: [
    {
      id: "local.read",
      narrows: "conversation.read",
      actions: ["read", "read_members"],
      roles: ["agent", "customer"],
      conditions: {
        state: { $in: ["open", "closed"] },
        createdBy: { $ne: "00000000-0000-7000-8000-000000000000" },
        members: { $nin: ["00000000-0000-7000-8000-000000000000"] },
      },
      means: "A member, of whatever nobody began.",
    },
  ],
};

export const narrowedPolicy = (): Policy => compileChanges(1, narrowedReading);
