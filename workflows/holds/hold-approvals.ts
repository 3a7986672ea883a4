import type { ApprovalKinds } from "../../messaging/approvals/approval-kind.ts";
import { decideHold } from "../../policies/holds.ts";
import { approveRelease, RELEASE, refuseRelease, withdrawRelease } from "./release-hold.ts";

/** How requests that a hold ends are answered. */
export const holdApprovals: ApprovalKinds = {
  [RELEASE]: {
    decideRead: (actor) => decideHold(actor, "read", { tenant: actor.tenant }),
    approve: async (deps, party, approval, hash) => {
      await approveRelease(deps, party, approval, hash);
      return { waitsFor: 0 };
    },
    refuse: refuseRelease,
    withdraw: withdrawRelease,
  },
};
