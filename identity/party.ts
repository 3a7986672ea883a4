import type { AuditAction } from "../audit/actions.ts";
import { appendEntry } from "../audit/append-entry.ts";
import type { OperatorActor } from "../audit/operator.ts";
import type { TenantId } from "../crypto/wire/ids.ts";
import type { Client } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Actor } from "../policies/actor.ts";
import type { Decision } from "../policies/decision.ts";
import { assertAllowedOnDevice, auditDone, audited, type Act, type UseCase } from "./audited.ts";

/** Who acts: a member of staff, whom a policy decides about, or the operator of the server. */
export type Party =
  { readonly actor: Actor } | { readonly tenant: TenantId; readonly operator: OperatorActor };

export const tenantOf = (party: Party): TenantId =>
  "actor" in party ? party.actor.tenant : party.tenant;

/** Returns who acts as one text: the id of an account, or "operator:" and the name of a person. */
export const nameOf = (party: Party): string =>
  "actor" in party ? party.actor.user : `operator:${party.operator.person?.name ?? "unknown"}`;

/** What the act adds to its entry. */
export type Note<A extends AuditAction> = (
  more: Partial<Pick<Act<A>, "subject" | "details" | "decision">>,
) => void;

/**
 * Like `audited`, for staff and for the operator. The operator has the database, so no policy decides about
 * what the operator does; the command records a refusal.
 * @throws what `work` throws, and for staff the errors of `audited`
 */
export function auditedBy<A extends AuditAction, T>(
  deps: UseCase,
  party: Party,
  act: Act<A>,
  work: (client: Client, note: Note<A>) => Promise<T>,
): Promise<T> {
  if ("actor" in party) return audited(deps, party.actor, act, work);
  return inTransaction(deps.pool, party.tenant, async (client) => {
    let whole = act;
    const result = await work(client, (more) => void (whole = { ...whole, ...more }));
    await auditBesides(deps, client, party, whole);
    return result;
  });
}

/** Writes the entry of another act of the same party, in the transaction of the first one. */
export async function auditBesides<A extends AuditAction>(
  { now }: Pick<UseCase, "now">,
  client: Client,
  party: Party,
  act: Act<A>,
): Promise<void> {
  if ("actor" in party) {
    await auditDone(client, party.actor, act, now());
    return;
  }
  const { tenant, operator: actor } = party;
  const { action, resource, subject, details } = act;
  const entry = { action, resource, subject, details };
  await appendEntry(client, {
    ...entry,
    occurredAtMs: now(),
    tenant,
    actor,
    outcome: "success",
  });
}

/**
 * Requires that a policy allows the act, if a member of staff does it.
 * @returns the decision, for the entry
 * @throws IdentityError device_required, forbidden
 */
export function assertParty(
  party: Party,
  decide: (actor: Actor) => Decision,
): { readonly decision?: Decision } {
  if (!("actor" in party)) return {};
  const decision = decide(party.actor);
  assertAllowedOnDevice(decision);
  return { decision };
}
