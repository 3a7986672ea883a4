import type { AuditAction } from "../audit/actions.ts";
import { appendEntry, classified, type AuditEntry } from "../audit/append-entry.ts";
import { appendRefusal } from "../audit/append-refusal.ts";
import { appendRepeatable } from "../audit/append-repeatable.ts";
import { AuditError } from "../audit/audit-error.ts";
import type { Client, Pool } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import type { Actor } from "../policies/actor.ts";
import type { Decision } from "../policies/decision.ts";
import { KeysError } from "../keys/keys-error.ts";
import { IdentityError } from "./identity-error.ts";
import { assertSession } from "./tokens/session-end.ts";

/** The dependencies of every use case of this folder. */
export interface UseCase {
  readonly pool: Pool;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly requestId?: string | undefined;
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

/** Returns the fields of an audit entry that say who acts, when, and in which request. */
function entryBy(
  actor: Actor,
  at: { readonly now: number; readonly requestId?: string | undefined },
): Pick<
  AuditEntry<AuditAction>,
  "occurredAtMs" | "tenant" | "actor" | "session" | "method" | "requestId"
> {
  return {
    occurredAtMs: at.now,
    tenant: actor.tenant,
    actor: { kind: "user", id: actor.user, role: actor.role, device: actor.device },
    session: actor.session,
    method: actor.method,
    requestId: at.requestId,
  };
}

/**
 * Runs `work` in one transaction of the actor's tenant and writes the audit entry of its success
 * there. A refusal rolls `work` back and is written in a transaction of its own. Many refusals of
 * one kind become one entry: see `appendRefusal`. It refuses an actor whose session or device has
 * ended since the request was authenticated.
 * @param work may add fields to the entry by calling `note`
 * @throws IdentityError session_revoked, device_revoked; and the errors of `work`
 */
export async function audited<A extends AuditAction, T>(
  deps: UseCase,
  actor: Actor,
  act: Act<A>,
  work: (client: Client, note: (more: Note<A>) => void) => Promise<T>,
): Promise<T> {
  let whole = act;
  const note = (more: Note<A>) => void (whole = { ...whole, ...more });
  const at = { now: deps.now(), requestId: deps.requestId };
  return refusalsAudited(
    deps,
    actor,
    () => whole,
    async (client) => {
      await assertSession(client, actor);
      const result = await work(client, note);
      const entry = { ...entryBy(actor, at), ...said(whole), outcome: "success" as const };
      if (whole.isRepeatable === true)
        await appendRepeatable(client, actor.tenant, [classified(entry)]);
      else await appendEntry(client, entry);
      return result;
    },
  );
}

/**
 * Runs `work` like `audited`, but writes only refusals. It serves for reading data that is public
 * among members.
 */
export async function refusalsAudited<A extends AuditAction, T>(
  { pool, now, requestId }: UseCase,
  actor: Actor,
  act: () => Act<A>,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  try {
    return await inTransaction(pool, actor.tenant, work);
  } catch (error) {
    if (isRecorded(error)) await writeRefusal(pool, actor, { now: now(), requestId }, act(), error);
    throw error;
  }
}

type RecordedError = IdentityError | KeysError | AuditError;

const isRecorded = (error: unknown): error is RecordedError =>
  error instanceof IdentityError || error instanceof KeysError || error instanceof AuditError;

/** Returns the parts of the act that the entry has. */
function said<A extends AuditAction>(act: Act<A>): Act<A> {
  const { action, resource, subject, details, decision } = act;
  return { action, resource, subject, details, decision };
}

async function writeRefusal<A extends AuditAction>(
  pool: Pool,
  actor: Actor,
  at: { readonly now: number; readonly requestId: string | undefined },
  act: Act<A>,
  error: RecordedError,
): Promise<void> {
  const reasons = error instanceof IdentityError ? error.reasons : [];
  await appendRefusal(pool, {
    ...entryBy(actor, at),
    ...said(act),
    ...(reasons.length > 0 && { decision: { allowed: false, reasons } }),
    outcome: error instanceof AuditError ? "failed" : "refused",
    reason: error.code,
  });
}

/** @throws IdentityError forbidden, with the decision's reasons, unless the decision allows */
export function assertAllowed(decision: Decision): void {
  if (!decision.allowed)
    throw new IdentityError("forbidden", "This is not permitted.", { reasons: decision.reasons });
}
