import { toHex } from "../../crypto/wire/bytes.ts";
import type { NewId } from "../../crypto/wire/ids.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import { decideSecondPerson } from "../../policies/second-person.ts";
import { approversNeeded } from "../../policies/versions/demands.ts";
import { assertAllowedOnDevice, audited, type UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { assertFreshFactor } from "../second-factor/fresh-factor.ts";
import { decideAct, rightOf, type DemandedAct } from "./demanded-acts.ts";
import { hashOfParameters, requestApproval } from "./request-approval.ts";

/** The number of requests of one account that may wait at the same time. */
const MOST_REQUESTS = 20;

/** A request that waits for a second person. */
export interface RequestedAct {
  readonly id: Uuid;
  /** SHA-256 of the act. Whoever approves names it. */
  readonly hash: Uint8Array;
  /** When nobody may approve it any more, in milliseconds since the Unix epoch. */
  readonly expiresAtMs: number;
}

/**
 * Asks for an act for which the policy demands a second person. Nothing happens until somebody else who may do the act
 * approves it.
 * @param asked.reason why, for the person who approves: one line of at most 300 characters
 * @throws IdentityError approval_not_needed, too_many_requests, user_not_found, device_not_found, forbidden,
 *   device_required, step_up_required
 */
export function requestAct(
  deps: UseCase & { readonly newId: NewId },
  actor: Actor,
  { act, reason }: { readonly act: DemandedAct; readonly reason: string },
): Promise<RequestedAct> {
  const id = deps.newId<Uuid>();
  const { tenant, user: requester } = actor;
  const { action, parameters } = act;
  const entry = {
    action: "approval.request",
    resource: { type: "approval", id },
    details: { act: action },
  } as const;
  return audited(deps, actor, entry, async (client, note) => {
    const nowMs = deps.now();
    const { decision: about, subject } = await decideAct(client, actor, act);
    note({ subject });
    assertAllowedOnDevice(about);
    const right = rightOf(action);
    const isDemanded = approversNeeded(actor.policy, right.resource, right.action) > 0;
    const decision = decideSecondPerson(actor, "request", {
      tenant,
      requester,
      mayAct: about.allowed,
      isDemanded,
    });
    if (decision.reasons.includes("not_demanded"))
      throw new IdentityError(
        "approval_not_needed",
        "Your organisation demands no second person for this. Do it without a request.",
        { reasons: decision.reasons },
      );
    assertAllowedOnDevice(decision);
    await assertFreshFactor(client, actor, right.action, nowMs);
    await assertFewWait(client, requester, nowMs);
    const approval = { id, action, parameters, reason };
    const expiresAtMs = await requestApproval(client, { actor }, approval, nowMs);
    const hash = hashOfParameters(action, parameters);
    note({ decision, details: { act: action, hash: toHex(hash) } });
    return { id, hash, expiresAtMs };
  });
}

/** @throws IdentityError too_many_requests */
async function assertFewWait(client: Client, requester: string, nowMs: number): Promise<void> {
  const { rows } = await client.query<{ waiting: number }>(
    `select count(*)::integer as waiting from approvals
     where requester = $1 and executed_at_ms is null and withdrawn_at_ms is null
       and refused_at_ms is null and expires_at_ms > $2`,
    [requester, nowMs],
  );
  if ((rows[0]?.waiting ?? 0) >= MOST_REQUESTS)
    throw new IdentityError(
      "too_many_requests",
      `${MOST_REQUESTS} of your requests wait for an approval. Withdraw one first.`,
    );
}
