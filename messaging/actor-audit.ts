import type { ActionDetails, ActionOn } from "../audit/actions.ts";
import { appendEntry } from "../audit/append-entry.ts";
import { appendRefusal } from "../audit/append-refusal.ts";
import type { Client, Pool } from "../db/pool.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import { sessionEnd } from "../identity/tokens/session-end.ts";
import type { Actor } from "../policies/actor.ts";
import type { Decision } from "../policies/decision.ts";
import { MessagingError } from "./messaging-error.ts";

/** An act on a conversation, as the audit log describes it. */
export interface ConversationAct<A extends ActionOn<"conversation">> {
  readonly action: A;
  readonly conversation: Uuid;
  readonly subject?: Uuid | undefined;
  readonly details?: ActionDetails[A] | undefined;
}

const entryBy = (actor: Actor, now: number) => ({
  occurredAtMs: now,
  tenant: actor.tenant,
  actor: { kind: "user" as const, id: actor.user, role: actor.role, device: actor.device },
  session: actor.session,
  method: actor.method,
  requestId: actor.requestId,
});

const entryFor = <A extends ActionOn<"conversation">>(
  actor: Actor,
  { action, conversation, subject, details }: ConversationAct<A>,
  now: number,
) => ({
  ...entryBy(actor, now),
  action,
  resource: { type: "conversation" as const, id: conversation },
  subject,
  details,
});

/**
 * Writes the entry of an allowed act in the act's own transaction. It fails if the actor's session
 * or device has ended since the request was admitted.
 * @throws MessagingError session_revoked, device_revoked
 */
export async function auditDone<A extends ActionOn<"conversation">>(
  client: Client,
  actor: Actor,
  act: ConversationAct<A>,
  decision: Decision,
  now: number,
): Promise<void> {
  const end = await sessionEnd(client, actor);
  if (end !== undefined) throw new MessagingError(end.code, end.message);
  await appendEntry(client, { ...entryFor(actor, act, now), outcome: "success", decision });
}

/** Records that the actor was shown `count` conversations they are a member of. */
export async function auditListed(
  client: Client,
  actor: Actor,
  count: number,
  now: number,
): Promise<void> {
  await appendEntry(client, {
    ...entryBy(actor, now),
    action: "conversation.list",
    resource: { type: "user", id: actor.user },
    outcome: "success",
    details: { count },
  });
}

/**
 * Requires that the decision allows the act.
 * @throws MessagingError forbidden, with the decision's reasons
 */
export function assertAllowed(decision: Decision): void {
  if (!decision.allowed)
    throw new MessagingError("forbidden", "Your role does not allow this here.", {
      reasons: decision.reasons,
    });
}

/**
 * Runs a use case. If it refuses, everything it did is rolled back and the refusal is audited. This
 * includes refusals because a resource does not exist, so that searches for other people's
 * resources show. Many refusals of one kind become one entry: see `appendRefusal`.
 */
export async function auditRefusals<A extends ActionOn<"conversation">, T>(
  deps: { readonly pool: Pool; readonly now: () => number },
  actor: Actor,
  act: ConversationAct<A>,
  useCase: () => Promise<T>,
): Promise<T> {
  try {
    return await useCase();
  } catch (error) {
    if (!(error instanceof MessagingError)) throw error;
    const { code, reasons } = error;
    await appendRefusal(deps.pool, {
      ...entryFor(actor, act, deps.now()),
      ...(reasons.length > 0 && { decision: { allowed: false, reasons } }),
      outcome: "refused",
      reason: code,
    });
    throw error;
  }
}
