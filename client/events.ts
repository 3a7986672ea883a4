import type { PresenceState } from "../crypto/wire/frame.ts";
import type { Uuid } from "../crypto/wire/uuid.ts";
import type { MemberActivity } from "./conversation/activities.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { DeviceChange } from "./conversation/device-change.ts";
import type { ProblemItem } from "./conversation/items.ts";
import type { SealdeskError } from "./errors.ts";
import type { HistoryProgress } from "./history/progress.ts";
import type { KeyLogEvidence } from "./key-log/evidence.ts";
import type { UnknownEntry } from "./key-log/own-entries.ts";
import type { FormerKey } from "./key-log/sort-own-entries.ts";

/** What happens apart from conversations' own events. */
export interface SealdeskEvents {
  /** This device is in a conversation it did not know before. */
  readonly conversation: Conversation;
  /** Something in a conversation is not as it must be; also among the conversation's `messages`. */
  readonly problem: { readonly conversation: Conversation; readonly problem: ProblemItem };
  /** A member's device came to a conversation, or was removed from it; one's own account's too. */
  readonly device: DeviceChange;
  /** A grant of history has come further, on its way from this device or to it. */
  readonly history: { readonly conversation: Conversation; readonly progress: HistoryProgress };
  /** A member types, or has got up to some event: as the relay says, and not kept. */
  readonly activity: MemberActivity;
  /** A user who shares a conversation came, is idle or went: as the relay says, and not kept. */
  readonly presence: UserPresence;
  /** Somebody is not honest about keys, or may not be: a person has to know. */
  readonly security: SecurityEvent;
  /** The connection came, or was lost; it comes back by itself. */
  readonly connection: "up" | "down";
  /** There will be no further connection; `close` still has to be called. */
  readonly end: SealdeskError;
}

const names: Readonly<Record<keyof SealdeskEvents, true>> = {
  conversation: true,
  problem: true,
  device: true,
  history: true,
  activity: true,
  presence: true,
  security: true,
  connection: true,
  end: true,
};
/** The names of all events. */
export const eventNames: readonly string[] = Object.keys(names);

export type SecurityEvent =
  /** The relay hands out other keys for this device than it published: others may be misled. */
  | { readonly code: "published_keys_differ" }
  /** The key log contradicts itself; see `Sealdesk.keyLogEvidence`. */
  | { readonly code: "key_log_inconsistent"; readonly evidence: KeyLogEvidence }
  /** The key log has an entry about this account that none of its devices made. */
  | ({ readonly code: "unknown_device_logged" } & UnknownEntry)
  /**
   * The store was put back to an older copy. The device has made new keys, and told the members;
   * `lost` messages stay closed to it.
   */
  | { readonly code: "store_rolled_back"; readonly lost: number }
  /** Told once to each device of an account that was reset; an alarm to who knows of no reset. */
  | ({ readonly code: "account_had_other_key" } & FormerKey);

/** How a user can be reached, and since when: milliseconds since the Unix epoch. */
export interface UserPresence {
  readonly user: Uuid;
  readonly state: PresenceState;
  readonly since: number;
}
