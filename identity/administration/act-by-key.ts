import type { AuditAction } from "../../audit/actions.ts";
import type { Client } from "../../db/pool.ts";
import {
  decideAdministration,
  scopeOf,
  type AdministrationAct,
  type ApiKeyFacts,
} from "../../policies/administration.ts";
import type { Decision } from "../../policies/decision.ts";
import { decideWithoutPerson, isDemandableOfKeys } from "../../policies/second-person.ts";
import type { KeyAdministrator } from "../accounts/administrator.ts";
import { IdentityError } from "../identity-error.ts";
import { Policies } from "../policy/policies.ts";
import { actOnce, type KeyActDeps, type ProgramAct } from "./act-once.ts";
import type { KeyAnswer } from "./api-requests.ts";
import type { ApiKeyHolder } from "./authenticate-api-key.ts";

const policies = new Policies();

/** An act that a program does with an API key. */
export type KeyAct<A extends AuditAction> = AdministrationAct & ProgramAct<A>;

/**
 * Runs an act of a program with an API key of a tenant: see `actOnce`.
 * @param work calls the use case that the operator's command calls, and passes `by` to it
 * @throws IdentityError forbidden, invalid_token, approval_required, and those of `actOnce`
 */
export function actByKey<A extends AuditAction>(
  deps: KeyActDeps,
  key: ApiKeyHolder,
  act: KeyAct<A>,
  work: (by: KeyAdministrator) => Promise<KeyAnswer>,
): Promise<KeyAnswer> {
  const program = {
    key,
    actor: { kind: "system", id: `api-key ${key.id}` },
    log: key.tenant,
    assertAllowed: () => void assertAllowed(key, act, key, deps.now()),
    async authorise(client: Client) {
      const decision = assertAllowed(await standing(client, key), act, key, deps.now());
      await assertNeedsNobody(client, key, act);
      return decision;
    },
  } as const;
  return actOnce(deps, program, act, work);
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
