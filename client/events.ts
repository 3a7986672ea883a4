import type { PresenceState } from "../crypto/wire/frame.ts";
import type { UserId, DeviceId, ConversationId } from "../crypto/wire/ids.ts";
import type { MemberActivity } from "./conversation/activities.ts";
import type { Conversation } from "./conversation/conversation.ts";
import type { DeviceChange } from "./conversation/device-change.ts";
import type { ArrivedUnseenItem, ProblemItem } from "./conversation/items.ts";
import type { OverdueSession } from "./conversation/session-renewal.ts";
import type { SealdeskError } from "./errors.ts";
import type { HistoryProgress } from "./history/progress.ts";
import type { KeyLogEvidence } from "./key-log/evidence.ts";
import type { UnconfirmedHead } from "./key-log/heard-heads.ts";
import type { ExpiredList } from "./key-log/list-freshness.ts";
import type { LogRestored } from "./key-log/log-restored.ts";
import type { UnknownEntry, UnrecognisedDevice } from "./key-log/own-entries.ts";
import type { FormerKey } from "./key-log/sort-own-entries.ts";
import type { UnwitnessedLog } from "./key-log/witness-quorum.ts";

/** The events that are not items of a conversation. */
export interface SealdeskEvents {
  /** This device was added to a conversation that it did not know. */
  readonly conversation: Conversation;
  /** A problem in a conversation. It is also among the conversation's `messages`. */
  readonly problem: { readonly conversation: Conversation; readonly problem: ProblemItem };
  /**
   * A device of a member, or of your own account, was added to a conversation or removed from it.
   */
  readonly device: DeviceChange;
  /**
   * Somebody came into a conversation while this device saw no events. It is also among the
   * conversation's `messages`. Messages that you wrote before and that were not sealed yet fail with
   * `arrived_unseen`. Those that you send from now on are for the arrived, too.
   */
  readonly arrival: { readonly conversation: Conversation; readonly arrived: ArrivedUnseenItem };
  /** Progress of a history grant that this device makes or receives. */
  readonly history: { readonly conversation: Conversation; readonly progress: HistoryProgress };
  /**
   * The relay stores no messages of this account or tenant for now, because a quota is used up. The
   * messages stay in the outbox and are sent later. `error` is `quota_exceeded`; its `retryAfterMs`
   * says when the quota is free again at the latest, if the relay knows.
   */
  readonly held: { readonly conversation: Conversation; readonly error: SealdeskError };
  /** A member is typing, or has read up to an event, according to the relay. It is not stored. */
  readonly activity: MemberActivity;
  /**
   * The presence of a user who shares a conversation with you, according to the relay. It is not
   * stored.
   */
  readonly presence: UserPresence;
  /**
   * A person was erased on the server, and this device removed its copies of `messages` messages. Remove what your
   * application keeps of them.
   */
  readonly erased: { readonly conversation: ConversationId; readonly messages: number };
  /** Somebody is dishonest about keys, or may be. Tell a person. */
  readonly security: SecurityEvent;
  /** The connection was made or lost. A lost connection comes back by itself. */
  readonly connection: "up" | "down";
  /** There will be no further connection. You still have to call `close`. */
  readonly end: SealdeskError;
}

const names: Readonly<Record<keyof SealdeskEvents, true>> = {
  conversation: true,
  problem: true,
  device: true,
  arrival: true,
  history: true,
  held: true,
  activity: true,
  presence: true,
  erased: true,
  security: true,
  connection: true,
  end: true,
};
/** The names of all events. */
export const eventNames: readonly string[] = Object.keys(names);

/** A member's device that messages are sent without. */
export interface UnreachableDevice {
  readonly conversation: ConversationId;
  readonly user: UserId;
  readonly device: DeviceId;
}

/** A session with a member's device in which no fresh key exchange took place for too long. */
export interface UnrenewedSession extends OverdueSession {
  readonly user: UserId;
}

export type SecurityEvent =
  /**
   * The relay serves other keys for this device than it published. It may mislead other members.
   */
  | { readonly code: "published_keys_differ" }
  /**
   * The prekeys of a member's device cannot be used. Messages go to all other devices, and this one cannot
   * open them. Its owner can remove it, and so can an admin. Reported once per connection of the SDK.
   */
  | ({ readonly code: "device_unreachable" } & UnreachableDevice)
  /**
   * The session with a member's device could not be renewed for a day since the first failure, because the
   * server gave no bundle that can be used. With the reason `other_identity` it is reported at once,
   * because no honest server gives such a bundle. Messages still go out in the old session. If somebody
   * copied this device's store since `sinceMs`, they can read them. Each reason is reported once until the
   * session is renewed, and once per connection of the SDK.
   */
  | ({ readonly code: "session_not_renewed" } & UnrenewedSession)
  /**
   * The server has not proved for an hour, by this device's clock, that the key log that a member
   * was shown is the one that this device was shown. It may keep two logs. Reported once for each
   * head of each member.
   */
  | ({ readonly code: "key_log_unconfirmed" } & UnconfirmedHead)
  /**
   * For some minutes, the server has not shown a head of the key log that a quorum of
   * `keyLogWitnesses` cosigned and that covers what this device asked about. Conversations to which
   * a new device comes wait for it. Reported once for each such time.
   */
  | ({ readonly code: "key_log_not_witnessed" } & UnwitnessedLog)
  /**
   * The signed list of a user's devices has expired, and the server shows no newer one. The user was not
   * online for weeks, or the server withholds that a device was removed. If `withheld` is true, nothing
   * is sent to the user's devices until they renew the list. Reported once for each list, and once per
   * connection of the SDK.
   */
  | ({ readonly code: "device_list_expired" } & ExpiredList)
  /** The key log contradicts itself. See `Sealdesk.keyLogEvidence`. */
  | { readonly code: "key_log_inconsistent"; readonly evidence: KeyLogEvidence }
  /**
   * The operator restored the server from a backup, and two people approved it. Messages and
   * changes since the backup may be lost on the server. Reported once to each device.
   */
  | ({ readonly code: "log_restored" } & LogRestored)
  /**
   * The key log has a key of the tenant's authority to which the one that this device trusts did not
   * hand over. Whoever it certifies does not count as staff here. Or it retires the trusted key, which did
   * not hand over to another. That key still counts. `key` is base64url. Reported once for each key, and
   * once per connection of the SDK.
   */
  | { readonly code: "authority_changed"; readonly key: string }
  /**
   * The server told this device to remove copies, and did not prove by the audit log that somebody was erased. Nothing was
   * removed. `problem` is the reason, such as `wrong_signature`.
   */
  | { readonly code: "erasure_not_proven"; readonly problem: string }
  /** The key log has an entry about this account that none of its devices made. */
  | ({ readonly code: "unknown_device_logged" } & UnknownEntry)
  /**
   * The key log has an approval by this device that it does not remember. Somebody has a copy of this
   * device.
   */
  | ({ readonly code: "device_not_recognised" } & UnrecognisedDevice)
  /**
   * The store was put back to an older copy. The device has made new keys and told the members. It
   * cannot open `lost` messages.
   */
  | { readonly code: "store_rolled_back"; readonly lost: number }
  /**
   * Reported once to each device of an account that was reset. If you know of no reset, it is an
   * alarm.
   */
  | ({ readonly code: "account_had_other_key" } & FormerKey);

/** A user's presence, and the time since which it holds, in milliseconds since the Unix epoch. */
export interface UserPresence {
  readonly user: UserId;
  readonly state: PresenceState;
  readonly sinceMs: number;
}
