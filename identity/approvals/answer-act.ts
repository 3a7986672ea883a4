import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideSecondPerson } from "../../policies/second-person.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { assertParty, auditedBy, nameOf, type Party } from "../party.ts";
import { refuseApproval, withdrawApproval } from "./execute-approved.ts";
import { decideAct, isActName, parseAct } from "./demanded-acts.ts";
import type { StoredApproval } from "./stored-approvals.ts";

/** Decides whether the actor may see, refuse or take back a request for an act that needs a second person. */
export async function decideAboutRequest(
  client: Client,
  actor: Actor,
  action: "read" | "refuse" | "withdraw",
  approval: StoredApproval,
): Promise<Decision> {
  const { requester } = approval;
  const mayAct = await mayDo(client, actor, approval);
  const facts = { tenant: actor.tenant, requester, mayAct, isDemanded: true };
  return decideSecondPerson(actor, action, facts);
}

/** Returns whether the rules of the act allow it to the actor. Nobody may do it to what does not exist any more. */
async function mayDo(
  client: Client,
  actor: Actor,
  { action, parameters }: StoredApproval,
): Promise<boolean> {
  if (!isActName(action)) return false;
  try {
    return (await decideAct(client, actor, parseAct(action, parameters))).decision.allowed;
  } catch (error) {
    if (error instanceof IdentityError) return false;
    throw error;
  }
}

/** Refuses the request of somebody else. @throws IdentityError approval_used, forbidden, device_required */
export const refuseAct = (deps: UseCase, party: Party, approval: StoredApproval): Promise<void> =>
  end(deps, party, approval, "refuse");

/** Takes a request back. @throws IdentityError approval_used, forbidden */
export const withdrawAct = (deps: UseCase, party: Party, approval: StoredApproval): Promise<void> =>
  end(deps, party, approval, "withdraw");

function end(
  deps: UseCase,
  party: Party,
  approval: StoredApproval,
  how: "refuse" | "withdraw",
): Promise<void> {
  const { id, action } = approval;
  const act = {
    action: how === "refuse" ? "approval.refuse" : "approval.withdraw",
    resource: { type: "approval", id },
    details: { act: action },
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    if ("actor" in party) {
      const decision = await decideAboutRequest(client, party.actor, how, approval);
      note(assertParty(party, () => decision));
    }
    const nowMs = deps.now();
    if (how === "refuse") await refuseApproval(client, id, nameOf(party), nowMs);
    else await withdrawApproval(client, id, nowMs);
  });
}
