import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import { assertParty, auditedBy, tenantOf, type Party } from "../../identity/party.ts";
import { ofPolicy, type PolicyDeps } from "../../identity/policy/policy-deps.ts";
import { decidePolicyAct } from "../../policies/policy-access.ts";
import type { Policy } from "../../policies/policy.ts";
import type { Role } from "../../policies/roles.ts";
import { anyCustomer, staffAnd } from "../../identity/policy/asked-actors.ts";
import { explain } from "./explain-access.ts";
import { loadFacts } from "./load-facts.ts";
import { actOfAsking, parseQuestion, type AskedWords, type Question } from "./question.ts";

/** An account that may do something, and by which rule. */
export interface Holder {
  readonly user: UserId;
  readonly role: Role;
  readonly rule: string;
}

export interface Holders {
  readonly version: number;
  /** The staff, and the customers whom the resource concerns, among those who may do it. */
  readonly accounts: readonly Holder[];
  /** The rule that allows it to every other customer of the tenant; undefined if none does. */
  readonly customers: string | undefined;
}

/**
 * Lists who may do an action to a resource now. Each account is decided about by the function that decides
 * when it acts.
 * @throws IdentityError unknown_right, forbidden; MessagingError conversation_not_found, attachment_not_found
 */
export async function whoCan(deps: PolicyDeps, party: Party, asked: AskedWords): Promise<Holders> {
  const tenant = tenantOf(party);
  const question = parseQuestion(asked);
  const details = { action: asked.action, resource: asked.resource };
  const act = { action: "policy.who_can", resource: ofPolicy(tenant), details } as const;
  return auditedBy(deps, party, act, async (client, note) => {
    const decided = assertParty(party, (actor) =>
      decidePolicyAct(actor, actOfAsking(question), { tenant }),
    );
    const policy = await deps.policies.inForce(client, tenant);
    const { version } = policy;
    const holders = await holdersOf(client, tenant, policy, question);
    note({ ...decided, details: { ...details, version, found: holders.accounts.length } });
    return { version, ...holders };
  });
}

async function holdersOf(
  client: Client,
  tenant: TenantId,
  policy: Policy,
  question: Question,
): Promise<Omit<Holders, "version">> {
  const stranger = anyCustomer(tenant, policy);
  const facts = await loadFacts(client, stranger, question);
  const concerned = [
    ...("members" in facts ? facts.members : []),
    ...("createdBy" in facts ? [facts.createdBy] : []),
    ...("user" in facts ? [facts.user] : []),
  ];
  const accounts: Holder[] = [];
  for (const actor of await staffAnd(client, tenant, policy, concerned)) {
    const { decision, rule } = explain(actor, question, await loadFacts(client, actor, question));
    if (decision.allowed && rule !== undefined)
      accounts.push({ user: actor.user, role: actor.role, rule });
  }
  const ofStranger = explain(stranger, question, facts);
  return { accounts, customers: ofStranger.decision.allowed ? ofStranger.rule : undefined };
}
