import type { NoteKey } from "../../audit/verify/note.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { TenantId } from "../../crypto/wire/ids.ts";
import type { Api } from "../http/api.ts";
import type { Clock } from "../runtime.ts";
import type { KeyLogEvidence } from "./evidence.ts";
import type { HeardHeadsDeps } from "./heard-heads.ts";
import type { LogRestored } from "./log-restored.ts";
import type { WitnessQuorum } from "./witness-quorum.ts";

export interface KeyLogDeps {
  readonly store: DeviceStore;
  readonly api: Pick<
    Api,
    "authorityKeys" | "keyHistory" | "keyLogCheckpoint" | "keyLogConsistency" | "keyLogRestores"
  >;
  readonly tenant: TenantId;
  /**
   * The people who may approve a restore from a backup. Two of them must have approved it. If the
   * list is empty, the device accepts no restore, and a log that became shorter is an alarm.
   */
  readonly approvers: readonly NoteKey[];
  /** The witnesses without whose cosignatures no head is used. Undefined if none are required. */
  readonly witnesses?: WitnessQuorum | undefined;
  readonly clock: Pick<Clock, "now">;
  /** The time that this device measures by itself. */
  readonly localClock: Pick<Clock, "now">;
  /** @see HeardHeadsDeps.onUnconfirmed */
  readonly onUnconfirmed: HeardHeadsDeps["onUnconfirmed"];
  /**
   * Called when the log contradicts itself. Evidence is in the store only if the log's key signed
   * the shown note, and `keepEvidence` had room for it.
   */
  readonly onInconsistent: (evidence: KeyLogEvidence) => void;
  /**
   * The log continues after a declared restore from a backup.
   * @returns whether the application heard it. Otherwise it is told again
   */
  readonly onRestored: (restored: LogRestored) => boolean;
  /**
   * Called when the relay lost the data it had since the backup. This device's prekeys must be
   * published anew.
   */
  readonly onLost: () => void;
}
