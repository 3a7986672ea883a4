import { decideAboutRequest, refuseAct, withdrawAct } from "../../identity/approvals/answer-act.ts";
import { parseAct, type ActName } from "../../identity/approvals/demanded-acts.ts";
import { performAct } from "../../identity/approvals/perform-act.ts";
import { IdentityError } from "../../identity/identity-error.ts";
import type { ApprovalKind } from "./approval-kind.ts";

/** How requests for an act are answered for which the policy demands a second person. */
export const demandedKind = (action: ActName): ApprovalKind => ({
  decideRead: (actor, approval, client) => decideAboutRequest(client, actor, "read", approval),
  async approve(deps, party, { id, parameters }, hash) {
    if (!("actor" in party))
      throw new IdentityError(
        "forbidden",
        "A member of staff approves this. The operator may refuse it, or do the act.",
      );
    const passwordReset = await performAct(deps, party.actor, parseAct(action, parameters), {
      id,
      hash,
    });
    return { waitsFor: 0, passwordReset };
  },
  refuse: refuseAct,
  withdraw: withdrawAct,
});
