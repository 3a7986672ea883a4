import { scimLimits, scimUrns, type provisioningQuery } from "../../../../contract/provisioning.ts";
import type { ProblemCode } from "../../../../contract/problems.ts";
import type { Announce } from "../../../../identity/directory/announce.ts";
import type { AuditAction } from "../../../../audit/actions.ts";
import type { ApiKeyHolder } from "../../../../identity/administration/authenticate-api-key.ts";
import type { KeyActDeps } from "../../../../identity/administration/act-once.ts";
import type {
  Provisioned,
  ProvisioningDeps,
} from "../../../../identity/provisioning/change-provisioned.ts";
import type { ProvisioningPage } from "../../../../identity/provisioning/read-people.ts";
import type * as z from "zod/mini";
import type { UserId } from "../../../../crypto/wire/ids.ts";
import type { KeyAdministrator } from "../../../../identity/accounts/administrator.ts";
import type { Answer } from "../../route.ts";
import { administer, type KeyCall } from "../administration/administer.ts";
import { SCIM_TYPE } from "../../scim-error.ts";

/** The path of what an identity provider writes. An administrator gives it to the provider as the base URL. */
export const BASE = "/scim/v2/{tenant}/{provider}";

/** What the routes of SCIM have in common. */
export const overScim = {
  tag: "Provisioning",
  access: "api-key",
  mediaType: SCIM_TYPE,
} as const;

export interface ProvisioningRouteDeps extends KeyActDeps, ProvisioningDeps {
  readonly publicUrl: string;
  readonly announce: Announce;
  /** Is told of a departure that could not be announced. A periodic task announces it again. */
  readonly onUnannounced: (error: unknown) => void;
}

export const readProblems: readonly ProblemCode[] = [
  "forbidden",
  "overloaded",
  "provisioning_not_enabled",
];
export const writeProblems: readonly ProblemCode[] = [
  ...readProblems,
  "administration_unavailable",
  "username_taken",
  "invalid_scim_value",
  "key_destroyed",
];
export const patchProblems: readonly ProblemCode[] = [
  ...writeProblems,
  "invalid_scim_path",
  "invalid_scim_filter",
];

/** A request over SCIM: the provider that the path names, and the key. */
export interface ScimCall {
  readonly who: ApiKeyHolder;
  readonly params: { readonly tenant: string; readonly provider: string };
}

/** The provider that a request is about. The tenant is that of the key. */
export const placeOf = ({ who, params }: ScimCall) => ({
  tenant: who.tenant,
  provider: params.provider,
});

/** An act on the provider's resources, as `administer` decides and audits it. */
export const actOf = <A extends ProvisioningAction>({ who, params }: ScimCall, audit: A) => ({
  action: "scim" as const,
  provider: params.provider,
  audit,
  resource: { type: "tenant" as const, id: who.tenant },
});
type ProvisioningAction = Extract<AuditAction, `provisioning.${string}`>;

/**
 * Carries out a change, and tells the conversations of those who departed that they have no device any more.
 * @param answer makes the answer of the route from what was changed
 */
export async function changeOverScim<T>(
  deps: ProvisioningRouteDeps,
  call: KeyCall & ScimCall,
  audit: ProvisioningAction,
  change: (by: KeyAdministrator) => Promise<Provisioned<T>>,
  answer: (result: T) => Answer,
): Promise<Answer> {
  const departed: UserId[] = [];
  const answered = await administer(deps, call, actOf(call, audit), async (by) => {
    const changed = await change(by);
    departed.push(...changed.departed);
    return answer(changed.result);
  });
  // The accounts are disabled, whatever happens here, and other keys need not wait for it. A periodic task announces
  // them again.
  const { tenant } = call.who;
  for (const user of departed) await deps.announce({ tenant, user }).catch(deps.onUnannounced);
  return answered;
}

/** A page that a provider asks for (RFC 7644 section 3.4.2.4). */
export function pageIn({ filter, startIndex, count }: z.output<typeof provisioningQuery>) {
  const first = Math.max(Number(startIndex ?? 1), 1);
  const asked = Math.max(Number(count ?? scimLimits.page), 0);
  return { filter, offset: first - 1, count: Math.min(asked, scimLimits.page) };
}

/** Returns the answer to a list (RFC 7644 section 3.4.2). */
export const listOf = <T, R>(
  { total, found }: ProvisioningPage<T>,
  { offset }: { readonly offset: number },
  resourceOf: (each: T) => R,
) => ({
  schemas: [scimUrns.list],
  totalResults: total,
  startIndex: offset + 1,
  itemsPerPage: found.length,
  Resources: found.map(resourceOf),
});

/** Returns the attribute `meta` (RFC 7643 section 3.1). */
export const metaOf = (
  base: string,
  resourceType: "User" | "Group",
  each: { readonly id: string; readonly createdAtMs: number; readonly changedAtMs: number },
) => ({
  resourceType,
  created: new Date(each.createdAtMs).toISOString(),
  lastModified: new Date(each.changedAtMs).toISOString(),
  location: `${base}/${resourceType}s/${each.id}`,
});

/** Returns the base URL of a provider's resources. */
export const baseOf = (
  publicUrl: string,
  { tenant, provider }: { readonly tenant: string; readonly provider: string },
): string => `${publicUrl}/scim/v2/${tenant}/${provider}`;
