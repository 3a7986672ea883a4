import type { ActionOn } from "../../../../audit/actions.ts";
import type { KeyAdministrator } from "../../../../identity/accounts/administrator.ts";
import { findTenant } from "../../../../identity/accounts/tenant.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import { actByOperatorKey } from "../../../../identity/operator-keys/act-by-operator-key.ts";
import type { OperatorKeyHolder } from "../../../../identity/operator-keys/authenticate-operator-key.ts";
import type { TenantId } from "../../../../crypto/wire/ids.ts";
import type { TenantAction } from "../../../../policies/operator-keys.ts";
import type { Answer } from "../../route.ts";
import { onceOf, type KeyCall } from "../administration/administer.ts";

/** A request with a key of the operator. */
type OperatorCall = Omit<KeyCall, "who"> & {
  readonly who: OperatorKeyHolder;
  /** The tenant that the path names, if it names one. */
  readonly params: { readonly tenant: string } | undefined;
};

/**
 * Carries out a request with a key of the operator: see `actByOperatorKey`.
 * @param work is given the tenant that the path names; undefined if there is none
 */
export async function operate(
  deps: KeyActDeps,
  call: OperatorCall,
  { action, audit }: { readonly action: TenantAction; readonly audit: ActionOn<"tenant"> },
  work: (by: KeyAdministrator, tenant: TenantId | undefined) => Promise<Answer>,
): Promise<Answer> {
  const { requestId, who, params } = call;
  const tenant = params && (await findTenant(deps.pool, params.tenant))?.id;
  const act = { action, audit, tenant, requestId, once: onceOf(call) };
  return actByOperatorKey(deps, who, act, (by) => work(by, tenant));
}
