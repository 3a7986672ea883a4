import type { Emitter } from "../emitter.ts";
import type { SealdeskEvents } from "../events.ts";
import { loadKeyLog } from "../key-log/load-key-log.ts";
import type { ConnectOptions } from "../options.ts";
import { signedInAccount, type Account } from "./account.ts";
import { enrolDevice } from "./enrol.ts";
import type { SignedInDevice } from "./sign-in.ts";

/**
 * Returns the account that this device is registered for. Without a suite the device only signs in.
 */
export function openAccount(
  me: SignedInDevice,
  options: ConnectOptions,
  events: Emitter<SealdeskEvents>,
): Promise<Account> {
  const { device, signedIn } = me;
  const { store, suite } = options;
  if (suite === undefined) return signedInAccount(store, device, signedIn);
  const tenant = signedIn.tenant.id;
  const openKeyLog = () => loadKeyLog({ options, events, me, tenant }, () => undefined);
  return enrolDevice({ ...me, store, suite, openKeyLog });
}
