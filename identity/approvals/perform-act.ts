import type { Actor } from "../../policies/actor.ts";
import type { UseCase } from "../audited.ts";
import type { Announce } from "../directory/announce.ts";
import { resetAccount } from "../directory/reset-account.ts";
import { revokeDevice } from "../directory/revoke-device.ts";
import { createPasswordReset, type PasswordReset } from "../passwords/create-reset.ts";
import { resetTotp } from "../second-factor/remove-totp.ts";
import type { Disconnect } from "../tokens/disconnect.ts";
import type { DemandedAct } from "./demanded-acts.ts";
import type { NamedApproval } from "./second-person.ts";

export interface PerformDeps extends UseCase {
  readonly announce: Announce;
  readonly disconnect: Disconnect;
}

/**
 * Approves a request by doing what it asks for, by the use case that does it without a request, too.
 * @returns the link for a new password, if that is what was asked for
 * @throws IdentityError, as the use case of the act and `assertSecondPerson` do
 */
export async function performAct(
  deps: PerformDeps,
  actor: Actor,
  { action, parameters }: DemandedAct,
  approval: NamedApproval,
): Promise<PasswordReset | undefined> {
  switch (action) {
    case "directory.reset_account":
      await resetAccount(deps, actor, parameters, approval);
      return undefined;
    case "directory.revoke_device":
      await revokeDevice(deps, actor, parameters.device, { approval });
      return undefined;
    case "credentials.reset_factor":
      await resetTotp(deps, actor, parameters.user, approval);
      return undefined;
    case "credentials.reset_password":
      return createPasswordReset(deps, actor, parameters.user, approval);
  }
}
