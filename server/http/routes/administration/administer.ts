import type { AuditAction } from "../../../../audit/actions.ts";
import type { AuditEntry } from "../../../../audit/append-entry.ts";
import type { ProblemCode } from "../../../../contract/problems.ts";
import type { UserId } from "../../../../crypto/wire/ids.ts";
import type { KeyAdministrator } from "../../../../identity/accounts/administrator.ts";
import { actByKey } from "../../../../identity/administration/act-by-key.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type { OnceRequest } from "../../../../identity/administration/api-requests.ts";
import type { ApiKeyHolder } from "../../../../identity/administration/authenticate-api-key.ts";
import type { AdministrationAct } from "../../../../policies/administration.ts";
import type { Answer, RequestFacts } from "../../route.ts";

/** The problems of every route that changes something with a key. */
export const changeProblems: readonly ProblemCode[] = [
  "forbidden",
  "overloaded",
  "administration_unavailable",
  "idempotency_key_reused",
  "request_unanswered",
];

/** A request with an API key, as far as it matters for every act. */
export interface KeyCall {
  readonly requestId: string;
  readonly who: ApiKeyHolder;
  readonly request: RequestFacts;
  /** Undefined for a read. */
  readonly headers: { readonly "idempotency-key"?: string | undefined } | undefined;
  readonly body: unknown;
}

/**
 * Carries out a request with an API key: see `actByKey`.
 * @param act.resource the tenant by default
 */
export function administer<A extends AuditAction>(
  deps: KeyActDeps,
  call: KeyCall,
  act: AdministrationAct & {
    readonly audit: A;
    readonly resource: AuditEntry<A>["resource"];
    readonly subject?: UserId;
  },
  work: (by: KeyAdministrator) => Promise<Answer>,
): Promise<Answer> {
  const { requestId, who } = call;
  return actByKey(deps, who, { ...act, requestId, once: onceOf(call) }, work);
}

/** Returns the request with its Idempotency-Key; undefined without one. */
export function onceOf({
  request: { method, url },
  headers,
  body,
}: Omit<KeyCall, "who">): OnceRequest | undefined {
  const idempotencyKey = headers?.["idempotency-key"];
  const content = JSON.stringify([method, url, body ?? null]);
  return idempotencyKey === undefined ? undefined : { idempotencyKey, content };
}
