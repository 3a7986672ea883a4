import type { AuditEntry } from "../../audit/append-entry.ts";
import { OPERATOR, type OperatorActor } from "../../audit/operator.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import type { Client } from "../../db/pool.ts";
import type { Decision } from "../../policies/decision.ts";
import type { IdentityProvider } from "../providers/identity-provider.ts";
import type { StaffName } from "./find-staff.ts";

/** A program that administers a tenant with a key. */
export interface KeyAdministrator {
  readonly actor: { readonly kind: "system"; readonly id: string };
  readonly requestId: string;
  /**
   * Decides in the transaction of the act, so that a key that was removed meanwhile changes nothing.
   * @throws IdentityError, if the key may not act
   */
  readonly authorise: (client: Client) => Promise<Decision>;
}

/** Who administers a tenant: the operator, who has the database, or a program with a key. */
export type Administrator = OperatorActor | KeyAdministrator;

/** An account of staff, and who administers it. */
export interface AdministeredAccount {
  readonly account: StaffName;
  readonly by?: Administrator | undefined;
}

/** Who changes which account, and when. */
export type ChangeBy = Pick<
  AuditEntry<"user.set_role">,
  "tenant" | "actor" | "requestId" | "decision" | "occurredAtMs"
> & {
  readonly user: UserId;
  /** The identity provider that asks for it over SCIM. */
  readonly provider?: Pick<IdentityProvider, "id" | "name"> | undefined;
};

/**
 * Authorises an act in its transaction, which must be fenced to the tenant.
 * @returns the fields of the audit entry that say who acts
 * @throws IdentityError, if the administrator may not act
 */
export async function authorised(client: Client, by: Administrator = OPERATOR) {
  if (!("authorise" in by)) return { actor: by };
  const decision = await by.authorise(client);
  return { actor: by.actor, requestId: by.requestId, decision };
}
