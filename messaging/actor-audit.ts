import { appendEntry, type ActionClass } from "../audit/append-entry.ts";
import type { Client, Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import type { CanonicalValue } from "../crypto/wire/canonical-json.ts";
import type { Actor } from "../policies/actor.ts";
import type { Decision } from "../policies/decision.ts";
import { MessagingError } from "./messaging-error.ts";

/** An act on a conversation, as the audit log tells it. */
export interface ConversationAct {
  readonly action: string;
  readonly class: ActionClass;
  readonly conversation: Uuid;
  readonly subject?: Uuid | undefined;
  readonly details?: Readonly<Record<string, CanonicalValue>>;
}

const entryFor = (actor: Actor, act: ConversationAct, now: number) => ({
  occurredAtMs: now,
  tenant: actor.tenant,
  actor: { kind: "user" as const, id: actor.user, role: actor.role, device: actor.device },
  action: act.action,
  class: act.class,
  resource: { type: "conversation", id: act.conversation },
  subject: act.subject,
  session: actor.session,
  method: actor.method,
  details: act.details,
});

/** Writes the entry of an act that was allowed, in the act's own transaction. */
export async function auditDone(
  client: Client,
  actor: Actor,
  act: ConversationAct,
  decision: Decision,
  now: number,
): Promise<void> {
  await appendEntry(client, { ...entryFor(actor, act, now), outcome: "success", decision });
}

/** Thrown inside a transaction to leave it; `auditRefusals` turns it into entry and error. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly act: ConversationAct;
  readonly decision: Decision;
  constructor(act: ConversationAct, decision: Decision) {
    super("refused");
    this.act = act;
    this.decision = decision;
  }
}

/**
 * Runs a use case. When its policy decision was no, everything it did is rolled back, the refusal
 * is audited, and the caller gets `forbidden` — or `conversation_not_found` where even its
 * existence is none of the actor's business.
 */
export async function auditRefusals<T>(
  deps: { readonly pool: Pool; readonly now: () => number },
  actor: Actor,
  useCase: () => Promise<T>,
): Promise<T> {
  try {
    return await useCase();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { act, decision } = error;
    await inTransaction(deps.pool, actor.tenant, (client) =>
      appendEntry(client, {
        ...entryFor(actor, act, deps.now()),
        outcome: "refused",
        reason: "forbidden",
        decision,
      }),
    );
    throw new MessagingError("forbidden", "Your role does not allow this here.", {
      reasons: decision.reasons,
    });
  }
}
