import type { AuditAction } from "../../audit/actions.ts";
import type { AuditEntry } from "../../audit/append-entry.ts";
import { appendRefusal } from "../../audit/append-refusal.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { sqlState } from "../../db/database-error.ts";
import { FairSemaphore, fairPlaces } from "../../db/fairness/fair-semaphore.ts";
import type { Client } from "../../db/pool.ts";
import {
  decideAdministration,
  scopeOf,
  type AdministrationAct,
  type ApiKeyFacts,
} from "../../policies/administration.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideWithoutPerson, isDemandableOfKeys } from "../../policies/second-person.ts";
import { DomainError } from "../../policies/domain-error.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import type { UseCase } from "../audited.ts";
import { IdentityError } from "../identity-error.ts";
import { Policies } from "../policy/policies.ts";
import type { ApiRequests, KeyAnswer, OnceRequest } from "./api-requests.ts";
import type { ApiKeyHolder } from "./authenticate-api-key.ts";

/** `permission denied to set role`: the login may not act as the owner of the database. */
const INSUFFICIENT_PRIVILEGE = "42501";

const policies = new Policies();

/** Each act of an administrator has a connection of its own, so few run at the same time. */
const acts = new FairSemaphore(fairPlaces(6));

export interface KeyActDeps extends UseCase {
  readonly requests: ApiRequests;
}

/** An act that a program does with an API key. */
export interface KeyAct<A extends AuditAction> extends AdministrationAct {
  readonly requestId: string;
  /** The action that the audit log records, also if it is refused. */
  readonly audit: A;
  readonly resource: AuditEntry<A>["resource"];
  readonly subject?: UserId | undefined;
  /** Undefined if the act may be repeated, such as a read. */
  readonly once: OnceRequest | undefined;
}

/**
 * Runs an act of a program with an API key. The act decides again in its own transaction by `by.authorise`, and an
 * act with an Idempotency-Key is carried out at most once. A refusal is audited.
 * @param work calls the use case that the operator's command calls, and passes `by` to it
 * @throws IdentityError forbidden, idempotency_key_reused, request_unanswered, administration_unavailable; what
 *   `work` throws; OverloadError overloaded
 */
export async function actByKey<A extends AuditAction>(
  { pool, now, requests }: KeyActDeps,
  key: ApiKeyHolder,
  act: KeyAct<A>,
  work: (by: KeyAdministrator) => Promise<KeyAnswer>,
): Promise<KeyAnswer> {
  const { once, requestId } = act;
  const nowMs = now();
  const actor = { kind: "system", id: `api-key ${key.id}` } as const;
  const by: KeyAdministrator = {
    actor,
    requestId,
    async authorise(client) {
      const decision = assertAllowed(await standing(client, key), act, key, now());
      await assertNeedsNobody(client, key, act);
      if (once !== undefined) await requests.claim(client, key, once, nowMs);
      return decision;
    },
  };
  try {
    assertAllowed(key, act, key, nowMs);
    const answered = once && (await requests.find(key, once, nowMs));
    if (answered !== undefined) return answered;
    const holder = { tenant: key.tenant, account: key.id };
    const answer = await acts.run(holder, () => work(by)).catch(withoutOwner);
    if (once !== undefined) await requests.answer(key, once, answer);
    return answer;
  } catch (error) {
    if (error instanceof DomainError)
      await appendRefusal(pool, {
        tenant: key.tenant,
        occurredAtMs: now(),
        actor,
        action: act.audit,
        resource: act.resource,
        subject: act.subject,
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

/**
 * Reads the key as it is now, and keeps it so until the transaction ends. Undefined if it was removed. Acts of one key
 * wait for each other in order, and so does the removal of the key. Shared locks would let new acts overtake it for ever.
 */
async function standing(client: Client, { id }: ApiKeyHolder): Promise<ApiKeyFacts | undefined> {
  const { rows } = await client.query<ApiKeyFacts>(
    `select k.tenant, k.scopes, k.expires_at_ms as "expiresAtMs", t.suspended_at_ms as "suspendedAtMs"
     from api_keys k join tenants t on t.id = k.tenant where k.id = $1 for no key update of k`,
    [id],
  );
  return rows[0];
}

function assertAllowed(
  facts: ApiKeyFacts | undefined,
  act: AdministrationAct,
  { tenant }: ApiKeyHolder,
  nowMs: number,
): Decision {
  if (facts === undefined) throw new IdentityError("invalid_token", "The API key was removed.");
  const decision = decideAdministration(facts, act, tenant, nowMs);
  if (!decision.allowed)
    throw new IdentityError(
      "forbidden",
      `The API key may not do this. It needs the scope ${scopeOf(act)}.`,
      {
        reasons: decision.reasons,
      },
    );
  return decision;
}

/** @throws IdentityError approval_required: the policy in force demands a second person, and a program is no person */
async function assertNeedsNobody(
  client: Client,
  { tenant }: ApiKeyHolder,
  { action }: AdministrationAct,
): Promise<void> {
  if (!isDemandableOfKeys(action)) return;
  const decision = decideWithoutPerson(action, await policies.inForce(client, tenant));
  if (!decision.allowed)
    throw new IdentityError(
      "approval_required",
      "The tenant's policy demands a second person for this, so no program does it. A member of staff asks for it with POST /v1/approvals.",
      { reasons: decision.reasons },
    );
}

function withoutOwner(cause: unknown): never {
  if (sqlState(cause) !== INSUFFICIENT_PRIVILEGE) throw cause;
  throw new IdentityError(
    "administration_unavailable",
    "This server has no login that may change tenants. Its operator must set DATABASE_OWNER_URL.",
    { cause },
  );
}
