import type { AuditAction } from "../../audit/actions.ts";
import type { AuditEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";
import { sqlState } from "../../db/database-error.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import type { Client } from "../../db/pool.ts";
import type { Decision } from "../../policies/decision.ts";
import { DomainError } from "../../policies/domain-error.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import type { ApiRequests, KeyAnswer, OnceRequest, RequestKey } from "./api-requests.ts";

/** `permission denied to set role`: the login may not act as the owner of the database. */
const INSUFFICIENT_PRIVILEGE = "42501";

/** Each act of an administrator has a connection of its own, so few run at the same time. */
const acts = new FairSemaphore(fairPlaces(6));

export interface KeyActDeps extends UseCase {
  readonly requests: ApiRequests;
}

/** What a program does with a key. */
export interface ProgramAct<A extends AuditAction> {
  readonly requestId: string;
  /** The action that the audit log records, also if it is refused. */
  readonly audit: A;
  readonly resource: AuditEntry<A>["resource"];
  readonly subject?: UserId | undefined;
  /** Undefined if the act may be repeated, such as a read. */
  readonly once: OnceRequest | undefined;
}

/** A program with a key, and how its acts are decided. */
export interface Program {
  readonly key: RequestKey;
  readonly actor: KeyAdministrator["actor"];
  /** The tenant whose log has the refusals. */
  readonly log: TenantId;
  /** Decides by what was known when the request was authenticated. @throws IdentityError forbidden */
  readonly assertAllowed: () => void;
  /** Decides in the transaction of the act, by the key as it is then. @throws IdentityError */
  readonly authorise: (client: Client) => Promise<Decision>;
}

/**
 * Runs an act of a program. The act decides again in its own transaction by `by.authorise`, and an act with an
 * Idempotency-Key is carried out at most once. A refusal is audited.
 * @param work calls the use case that the operator's command calls, and passes `by` to it
 * @throws IdentityError idempotency_key_reused, request_unanswered, administration_unavailable; what `program` and
 *   `work` throw; OverloadError overloaded
 */
export async function actOnce<A extends AuditAction>(
  { pool, now, requests }: KeyActDeps,
  { key, actor, log, assertAllowed, authorise }: Program,
  { requestId, audit, resource, subject, once }: ProgramAct<A>,
  work: (by: KeyAdministrator) => Promise<KeyAnswer>,
): Promise<KeyAnswer> {
  const nowMs = now();
  const by: KeyAdministrator = {
    actor,
    requestId,
    async authorise(client) {
      const decision = await authorise(client);
      if (once !== undefined) await requests.claim(client, key, once, nowMs);
      return decision;
    },
  };
  try {
    assertAllowed();
    const answered = once && (await requests.find(key, once, nowMs));
    if (answered !== undefined) return answered;
    const holder = { tenant: key.tenant, account: key.id };
    const answer = await acts.run(holder, () => work(by)).catch(withoutOwner);
    if (once !== undefined) await requests.answer(key, once, answer);
    return answer;
  } catch (error) {
    if (error instanceof DomainError)
      await appendRefusal(pool, {
        tenant: log,
        occurredAtMs: now(),
        actor,
        action: audit,
        resource,
        subject,
        outcome: "refused",
        reason: error.code,
        ...(error.reasons.length > 0 && {
          decision: { allowed: false, reasons: error.reasons },
        }),
        requestId,
      });
    throw error;
  }
}

function withoutOwner(cause: unknown): never {
  if (sqlState(cause) !== INSUFFICIENT_PRIVILEGE) throw cause;
  throw new IdentityError(
    "administration_unavailable",
    "This server has no login that may change tenants. Its operator must set DATABASE_OWNER_URL.",
    { cause },
  );
}
