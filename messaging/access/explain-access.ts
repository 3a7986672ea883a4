import type { UserId } from "../../crypto/wire/ids.ts";
import { auditedBy, assertParty, tenantOf, type Party } from "../../identity/party.ts";
import { userNotFound } from "../../identity/identity-error.ts";
import { ofPolicy, type PolicyDeps } from "../../identity/policy/policy-deps.ts";
import { readVersionInForce } from "../../identity/policy/policies.ts";
import { readVersionAt } from "../../identity/policy/stored-versions.ts";
import type { Actor } from "../../policies/actor.ts";
import { explainDecision, type Explanation, type FactsOf } from "../../policies/explanation.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import type { Role } from "../../policies/roles.ts";
import { actorsAmong } from "../../identity/policy/asked-actors.ts";
import { loadFacts } from "./load-facts.ts";
import {
  actOfAsking,
  parseQuestion,
  type AskedResource,
  type AskedWords,
  type Question,
} from "./question.ts";

/** Whether an account may do something, and why. */
export interface ExplainedAccess extends Explanation {
  readonly user: UserId;
  /** The account's role now. */
  readonly role: Role;
}

/**
 * Says whether an account may do an action to a resource, by the function that decides when it does it, and
 * why. The facts are those of now.
 * @param asked.atMs decides by the version that was in force at this time, in milliseconds since the Unix
 *   epoch, instead of the one in force now
 * @throws IdentityError unknown_right, user_not_found, forbidden; MessagingError conversation_not_found,
 *   attachment_not_found
 */
export async function explainAccess(
  deps: PolicyDeps,
  party: Party,
  asked: AskedWords & { readonly user: UserId; readonly atMs?: number | undefined },
): Promise<ExplainedAccess> {
  const tenant = tenantOf(party);
  const question = parseQuestion(asked);
  const { user, action, resource, atMs } = asked;
  const details = { action, resource };
  const act = {
    action: "policy.explain",
    resource: ofPolicy(tenant),
    subject: user,
    details,
  } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decidePolicyAct(actor, actOfAsking(question), { tenant }),
    );
    const version = await (atMs === undefined
      ? readVersionInForce(client)
      : readVersionAt(client, atMs));
    const policy = await deps.policies.of(client, tenant, version);
    const [account] = await actorsAmong(client, tenant, policy, [user]);
    if (account === undefined) throw userNotFound();
    const explanation = explain(account, question, await loadFacts(client, account, question));
    const { allowed } = explanation.decision;
    note({ ...decided, details: { ...details, version, allowed } });
    return { ...explanation, user, role: account.role };
  });
}

/** The facts are those of the question's kind of resource: `loadFacts` chose them by it. */
export const explain = (
  actor: Actor,
  { kind, action }: Question,
  facts: FactsOf[AskedResource],
): Explanation => explainDecision(actor, kind, action as never, facts as never);
