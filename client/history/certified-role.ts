import { receiptOf } from "../../crypto/wire/receipt-checks.ts";
import type { Retry } from "../attachments/retry.ts";
import type { Account } from "../device/account.ts";
import type { TenantAuthority } from "../device/authority.ts";
import { certifiedActor } from "../receipts/certified-actor.ts";
import { contentOf } from "./granted-members.ts";
import type { StoredLink } from "./incoming-job.ts";

export interface RoleDeps {
  readonly account: Pick<Account, "tenant">;
  readonly authority: Pick<TenantAuthority, "openAt">;
}

/**
 * Returns the role in which the tenant's authority certifies the author of a granted change of the members, by the
 * certificate that the event brings. Do not call it inside a store transaction, because it waits for the network.
 * @returns undefined if the event brings no certificate that counts: see `certifiedActor`
 * @throws SealdeskError once `retry` gives up
 */
export async function certifiedRole(
  deps: RoleDeps,
  { senderDevice, receivedAtMs, control: encoded }: StoredLink,
  retry: Retry,
): Promise<string | undefined> {
  const control = encoded && contentOf(encoded);
  const receipt = control && receiptOf(control);
  if (control?.staffCertificate === undefined || receipt === undefined) return undefined;
  // The server refuses a receipt whose time is over a day from its own.
  const signed = { event: { senderDevice }, control, receipt, previousMs: receivedAtMs };
  return (await retry.answer(() => certifiedActor(deps, signed)))?.role;
}
