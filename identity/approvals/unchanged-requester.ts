import { isId, type TenantId, type UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Actor } from "../../policies/actor.ts";
import type { Decision } from "../../policies/decision.ts";
import { defaultPolicy, type Policy } from "../../policies/policy.ts";
import { IdentityError } from "../identity-error.ts";
import { actorsAmong } from "../policy/asked-actors.ts";
import type { StoredApproval } from "./stored-approvals.ts";

// Whoever is reset gets other devices, and perhaps another owner. So a device from before the request must remain.
const IS_SAME = `
  select u.disabled_at_ms is null and exists (
    select from devices d where d.user_id = u.id and d.revoked_at_ms is null and d.created_at_ms <= $2) as "isSame"
  from users u where u.id = $1`;

/**
 * Returns the account that made a request, as it would act now. Ask the rules of the act about it: it may have another
 * role since. Undefined if the account was disabled or reset since the request, or if no account made the request.
 */
export async function unchangedRequester(
  client: Client,
  { tenant, policy }: { readonly tenant: TenantId; readonly policy: Policy },
  { requester, requestedAtMs }: Pick<StoredApproval, "requester" | "requestedAtMs">,
): Promise<Actor | undefined> {
  if (!isId<UserId>(requester)) return undefined;
  const { rows } = await client.query<{ isSame: boolean }>(IS_SAME, [requester, requestedAtMs]);
  if (rows[0]?.isSame !== true) return undefined;
  const [asker] = await actorsAmong(client, tenant, policy, [requester]);
  return asker;
}

/** The refusal of a request whose requester may not do the act any more. */
export const requesterMayNot = (): IdentityError =>
  new IdentityError(
    "approval_changed",
    "Whoever asked for this may not do it any more. Ask for it again.",
  );

/**
 * Requires that whoever made a request may still do the act. No version of a policy may change its rules. An operator acts
 * with no account that could have changed.
 * @param decide asks the rules of the act about the account that made the request
 * @throws IdentityError approval_changed
 */
export async function assertRequesterMay(
  client: Client,
  tenant: TenantId,
  request: Pick<StoredApproval, "requester" | "requestedAtMs">,
  decide: (asker: Actor) => Decision,
): Promise<void> {
  if (!isId<UserId>(request.requester)) return;
  const asker = await unchangedRequester(client, { tenant, policy: defaultPolicy }, request);
  if (asker === undefined || !decide(asker).allowed) throw requesterMayNot();
}
