import type { Frame } from "../../crypto/wire/frame.ts";
import type { DeviceId, ConversationId, NewId } from "../../crypto/wire/ids.ts";
import type { Signer } from "../../crypto/device/sodium.ts";
import type { Account } from "../device/account.ts";
import type { SealdeskError } from "../errors.ts";
import type { KeyLog } from "../key-log/key-log.ts";
import type { Clock } from "../runtime.ts";
import type { ConversationLog } from "./log.ts";
import type { SessionRenewal } from "./session-renewal.ts";
import type { SessionDeps } from "./sessions.ts";

/** The dependencies and listeners of the sender of one conversation. */
export interface SenderDeps extends SessionDeps {
  readonly conversation: ConversationId;
  readonly account: Pick<Account, "tenant" | "user" | "device">;
  /** Signs messages with the receipt key. */
  readonly sign: Signer;
  readonly log: ConversationLog;
  readonly keyLog: Pick<KeyLog, "headFor">;
  readonly clock: Clock;
  readonly renewal: Pick<SessionRenewal, "renew" | "postponed">;
  readonly newId: NewId;
  /**
   * Asks the server for its time. `newId` follows it from then on.
   * @throws SealdeskError network and others
   */
  readonly syncClock: () => Promise<unknown>;
  /** @returns false when there is no connection */
  readonly transmit: (frame: Frame) => boolean;
  /** The relay stores no message for now. The waiting ones are sent later, by themselves. */
  readonly onHeld: (error: SealdeskError) => void;
  /** The relay has not answered in time. */
  readonly onSilence: () => void;
  /** Messages are sent without this device, because its prekeys cannot be used. */
  readonly onUnreachable: (device: DeviceId) => void;
  /** The store failed. Nothing can be sent any more. */
  readonly onFailure: (error: unknown) => void;
}
