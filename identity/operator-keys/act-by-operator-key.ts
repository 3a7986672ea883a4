import type { ActionOn } from "../../audit/actions.ts";
import { NO_TENANT } from "../../audit/logs.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Decision } from "../../policies/decision.ts";
import {
  decideOnTenants,
  type OperatorKeyFacts,
  type TenantAction,
} from "../../policies/operator-keys.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import { actOnce, type KeyActDeps, type ProgramAct } from "../administration/act-once.ts";
import type { KeyAnswer } from "../administration/api-requests.ts";
import { IdentityError } from "../identity-error.ts";
import type { OperatorKeyHolder } from "./authenticate-operator-key.ts";

/** An act that a program of the operator does on a tenant. */
export interface OperatorAct<A extends ActionOn<"tenant">> extends Pick<
  ProgramAct<A>,
  "requestId" | "audit" | "once"
> {
  readonly action: TenantAction;
  /** Undefined if there is no such tenant, or not yet. */
  readonly tenant: TenantId | undefined;
}

/**
 * Runs an act of a program with a key of the operator: see `actOnce`. The log of the tenant has a refusal; without a
 * tenant, the operator's log has it.
 * @param work calls the use case that the operator's command calls, and passes `by` to it
 * @throws IdentityError forbidden, invalid_token, and those of `actOnce`
 */
export function actByOperatorKey<A extends ActionOn<"tenant">>(
  deps: KeyActDeps,
  key: OperatorKeyHolder,
  { action, tenant = NO_TENANT, ...act }: OperatorAct<A>,
  work: (by: KeyAdministrator) => Promise<KeyAnswer>,
): Promise<KeyAnswer> {
  const program = {
    key,
    actor: { kind: "system", id: `operator-key ${key.id}` },
    log: tenant,
    assertAllowed: () => void assertAllowed(key, action, deps.now()),
    authorise: async (client: Client) =>
      assertAllowed(await standing(client, key), action, deps.now()),
  } as const;
  return actOnce(deps, program, { ...act, resource: { type: "tenant", id: tenant } }, work);
}

/** Reads the key as it is now, and keeps it so until the transaction ends. Undefined if it was removed. */
async function standing(
  client: Client,
  { id }: OperatorKeyHolder,
): Promise<OperatorKeyFacts | undefined> {
  const { rows } = await client.query<OperatorKeyFacts>(
    `select scopes, expires_at_ms as "expiresAtMs" from operator_keys where id = $1 for no key update`,
    [id],
  );
  return rows[0];
}

function assertAllowed(
  facts: OperatorKeyFacts | undefined,
  action: TenantAction,
  nowMs: number,
): Decision {
  if (facts === undefined) throw new IdentityError("invalid_token", "The key was removed.");
  const decision = decideOnTenants(facts, action, nowMs);
  if (!decision.allowed)
    throw new IdentityError("forbidden", `The key may not do this. It needs the scope ${action}.`, {
      reasons: decision.reasons,
    });
  return decision;
}
