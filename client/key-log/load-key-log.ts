import { parseApprovers } from "../../audit/verify/approvers.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { SignedInDevice } from "../device/sign-in.ts";
import type { Emitter } from "../emitter.ts";
import type { SealdeskEvents } from "../events.ts";
import type { ConnectOptions } from "../options.ts";
import { deviceChecks } from "./checks.ts";
import { KeyLog } from "./key-log.ts";
import { WitnessQuorum } from "./witness-quorum.ts";

interface LoadDeps {
  readonly options: ConnectOptions;
  readonly events: Emitter<SealdeskEvents>;
  readonly me: Pick<SignedInDevice, "api" | "clock" | "localClock">;
  readonly tenant: TenantId;
}

/**
 * Loads the key log that this device knows.
 * @param onLost is called when the relay lost what it had since a backup
 */
export function loadKeyLog(
  { options, events, me: { api, clock, localClock }, tenant }: LoadDeps,
  onLost: () => void,
): Promise<KeyLog> {
  const { store, restoreApprovers, keyLogWitnesses } = options;
  const witnesses =
    keyLogWitnesses &&
    new WitnessQuorum(keyLogWitnesses, {
      localClock,
      onNotWitnessed: (unwitnessed) =>
        events.emit("security", { code: "key_log_not_witnessed", ...unwitnessed }),
    });
  return KeyLog.load(
    {
      store,
      api,
      tenant,
      approvers:
        restoreApprovers === undefined ? [] : parseApprovers(deviceChecks.sha256, restoreApprovers),
      witnesses,
      clock,
      localClock,
      onUnconfirmed: (unconfirmed) =>
        events.emit("security", { code: "key_log_unconfirmed", ...unconfirmed }),
      onInconsistent: (evidence) =>
        events.emit("security", { code: "key_log_inconsistent", evidence }),
      onRestored: (restored) => events.emit("security", { code: "log_restored", ...restored }),
      onLost,
    },
    options.keyLog,
  );
}
