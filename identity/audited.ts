import type { AuditAction } from "../audit/actions.ts";
import { appendEntry, classified, type AuditEntry } from "../audit/append-entry.ts";
import { appendRefusal } from "../audit/append-refusal.ts";
import { appendRepeatable } from "../audit/append-repeatable.ts";
import { AuditError } from "../audit/audit-error.ts";
import type { Client, Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Actor } from "../policies/actor.ts";
import type { Decision } from "../policies/decision.ts";
import { OTHER_PURPOSE, SIGN_IN_TOO_WEAK } from "../policies/granting-rule.ts";
import { DomainError } from "../policies/domain-error.ts";
import { recordedPurpose } from "../policies/purpose-of-use.ts";
import { NO_ARCHIVING_CONSENT } from "../policies/abilities.ts";
import { PROCESSING_RESTRICTED } from "../policies/restrictions.ts";
import { IdentityError } from "./identity-error.ts";
import { assertSession } from "./tokens/session-end.ts";

/** The dependencies of every use case of this folder. */
export interface UseCase {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** The fields of an audit entry that describe the act and its resource. */
export type Act<A extends AuditAction> = Pick<AuditEntry<A>, "action" | "resource"> &
  Partial<Pick<AuditEntry<A>, "subject" | "details" | "decision">> & {
    /**
     * True for an act on the actor's own data that a device can repeat at no cost. Many such acts
     * in an hour become one entry: see `appendRepeatable`.
     */
    readonly isRepeatable?: boolean;
  };

/** The fields that an act adds to its entry. */
type Note<A extends AuditAction> = Partial<Pick<Act<A>, "subject" | "details" | "decision">>;

/** The fields of an audit entry that say who acts, and in which request. */
/** The fields of an entry that say who acts, and in which session. */
export const entryBy = (actor: Actor) => ({
  tenant: actor.tenant,
  actor: { kind: "user" as const, id: actor.user, role: actor.role, device: actor.device },
  session: actor.session,
  method: actor.method,
  purpose: recordedPurpose(actor),
  requestId: actor.requestId,
});

/** The parts of the act that the entry has. */
function said<A extends AuditAction>(act: Act<A>): Act<A> {
  const { action, resource, subject, details, decision } = act;
  return { action, resource, subject, details, decision };
}

/**
 * Runs `work` in one transaction of the actor's tenant and writes the audit entry of its success
 * there. A refusal rolls `work` back and is audited: see `auditRefusals`. It also refuses an actor
 * whose session or device has ended since the request was authenticated.
 * @param work may add fields to the entry by calling `note`
 * @throws IdentityError session_revoked, device_revoked, forbidden, policy_changed; and what `work` throws
 */
export async function audited<A extends AuditAction, T>(
  deps: UseCase,
  actor: Actor,
  act: Act<A>,
  work: (client: Client, note: (more: Note<A>) => void) => Promise<T>,
): Promise<T> {
  let whole = act;
  const note = (more: Note<A>) => void (whole = { ...whole, ...more });
  const nowMs = deps.now();
  const useCase = () =>
    inTransaction(deps.pool, actor.tenant, async (client) => {
      await assertSession(client, actor);
      const result = await work(client, note);
      await append(client, actor, whole, nowMs);
      return result;
    });
  return refusalsOf(deps, actor, () => whole, useCase);
}

/**
 * Writes the entry of an allowed act in the act's own transaction, for a use case that opens the
 * transaction itself. It fails if the actor's session or device has ended since the request was
 * authenticated.
 * @param nowMs milliseconds since the Unix epoch
 * @returns the id of the stored entry
 * @throws IdentityError session_revoked, device_revoked, forbidden, policy_changed
 */
export async function auditDone<A extends AuditAction>(
  client: Client,
  actor: Actor,
  act: Omit<Act<A>, "isRepeatable">,
  nowMs: number,
): Promise<number> {
  await assertSession(client, actor);
  return appendEntry(client, successOf(actor, act, nowMs));
}

const successOf = <A extends AuditAction>(actor: Actor, act: Act<A>, nowMs: number) => ({
  ...entryBy(actor),
  ...said(act),
  occurredAtMs: nowMs,
  outcome: "success" as const,
});

async function append<A extends AuditAction>(
  client: Client,
  actor: Actor,
  act: Act<A>,
  nowMs: number,
): Promise<void> {
  const entry = successOf(actor, act, nowMs);
  if (act.isRepeatable === true) await appendRepeatable(client, actor.tenant, [classified(entry)]);
  else await appendEntry(client, entry);
}

/**
 * Runs a use case and writes only its refusal, in a transaction of its own, because what the use case
 * did is rolled back. This includes refusals because a resource does not exist, so that searches
 * for other people's resources show. Many refusals of one kind become one entry: see
 * `appendRefusal`.
 */
export const auditRefusals = <A extends AuditAction, T>(
  deps: UseCase,
  actor: Actor,
  act: Act<A>,
  useCase: () => Promise<T>,
): Promise<T> => refusalsOf(deps, actor, () => act, useCase);

/** @param act what the use case does, as it is known when it refuses */
async function refusalsOf<A extends AuditAction, T>(
  { pool, now }: UseCase,
  actor: Actor,
  act: () => Act<A>,
  useCase: () => Promise<T>,
): Promise<T> {
  try {
    return await useCase();
  } catch (error) {
    if (!(error instanceof DomainError || error instanceof AuditError)) throw error;
    const reasons = error instanceof DomainError ? error.reasons : [];
    await appendRefusal(pool, {
      ...entryBy(actor),
      ...said(act()),
      ...(reasons.length > 0 && { decision: { allowed: false, reasons } }),
      occurredAtMs: now(),
      outcome: error instanceof DomainError ? "refused" : "failed",
      reason: error.code,
    });
    throw error;
  }
}

/**
 * Like `assertAllowed`, for acts that need a registered device.
 * @throws IdentityError device_required, forbidden, with the decision's reasons
 */
export function assertAllowedOnDevice(decision: Decision): void {
  if (decision.reasons.includes("device_not_registered"))
    throw new IdentityError(
      "device_required",
      "Do this with a registered device, or register this one first.",
      { reasons: decision.reasons },
    );
  assertAllowed(decision);
}

/** @throws IdentityError processing_restricted, consent_required, step_up_required, purpose_required, forbidden, with the decision's reasons, unless the decision allows */
export function assertAllowed({ allowed, reasons }: Decision): void {
  if (allowed) return;
  if (reasons.includes(PROCESSING_RESTRICTED))
    throw new IdentityError(
      "processing_restricted",
      "The processing of this conversation is restricted. It is only stored. Ask the privacy officer when the restriction ends.",
      { reasons },
    );
  if (reasons.includes(NO_ARCHIVING_CONSENT))
    throw new IdentityError(
      "consent_required",
      "The customer does not consent to archiving. Add the archiver when the customer has given that consent.",
      { reasons },
    );
  if (reasons.includes(SIGN_IN_TOO_WEAK))
    throw new IdentityError(
      "step_up_required",
      "Your organisation asks for more evidence of who you are. Sign in again with it.",
      { reasons },
    );
  if (reasons.includes(OTHER_PURPOSE))
    throw new IdentityError(
      "purpose_required",
      "Your organisation allows this for another purpose of use only. State it in the header Purpose-Of-Use.",
      { reasons },
    );
  throw new IdentityError("forbidden", "Your role does not allow this here.", { reasons });
}
