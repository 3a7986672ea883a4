import type { EventKind, Member } from "../../crypto/wire/frame.ts";
import type { BreakGlass, Consent, HistoryGrant } from "../../crypto/wire/receipt.ts";
import type { Attachment } from "../../crypto/wire/attachment.ts";
import type { UserId, DeviceId, MessageId } from "../../crypto/wire/ids.ts";

/** The fields of every item. */
interface Placed {
  readonly seq: number;
  /**
   * Set if the server lost the event when it was restored from a backup. Only this device has it.
   * Another event has the same `seq` now, or will have it.
   */
  readonly lostOnServer?: true;
}

/** The fields of every decrypted message. */
interface SaidItem extends Placed {
  /** The id that the sender gave it, a UUIDv7. */
  readonly id: MessageId;
  /** The user who sent it. */
  readonly sender: UserId;
  readonly senderDevice: DeviceId;
  /** True when this device sent it. */
  readonly own: boolean;
  /** True when any device of this account sent it. */
  readonly mine: boolean;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
  readonly receivedAtMs: number;
  /** The member who granted it, if this device received it by a history grant. */
  readonly grantedBy?: UserId;
}

/** What the author of a message did to it later. */
export type Revision =
  | {
      readonly kind: "edit";
      readonly seq: number;
      readonly receivedAtMs: number;
      readonly text: string;
    }
  | { readonly kind: "deletion"; readonly seq: number; readonly receivedAtMs: number };

/** The fields of a message that its author may revise. */
interface Revisable extends SaidItem {
  /**
   * The edits and the deletion by its author, in order, up to the moment when you read the message. Show the last
   * one. The message itself stays in the log.
   */
  readonly revisions?: readonly Revision[];
}

/** A decrypted message. */
export interface MessageItem extends Revisable {
  readonly kind: "message";
  readonly text: string;
  /** The number of the message that this one corrects. Show it beside that one, which stays as it is. */
  readonly corrects?: number;
  /** The number of the message whose new text this is. Show it in the place of that one. */
  readonly edits?: number;
}

/** The author of an earlier message takes it back. */
export interface MessageDeletedItem extends SaidItem {
  readonly kind: "message_deleted";
  /** The number of that message. Show there that it was deleted. */
  readonly deletes: number;
}

/** A message with a file. */
export interface AttachmentItem extends Revisable {
  readonly kind: "attachment";
  readonly attachment: ReceivedAttachment;
}

/**
 * The store of a member's device, or of this one, was put back to an older copy. The device made
 * new keys, and messages that it sends from now on can be opened again.
 */
export interface DeviceRestoredItem extends SaidItem {
  readonly kind: "device_restored";
  /** The number of messages of the conversation that the device cannot open. */
  readonly lost: number;
}

/** A file as its sender described it. None of this has been compared with its content. */
export interface ReceivedAttachment {
  /**
   * Exactly what the sender wrote. It may be a path, or hold line breaks or direction overrides.
   */
  readonly name: string;
  /** `name` in a form that you can write to any file system and show; never empty. Use this one. */
  readonly safeName: string;
  /** The media type, such as `image/png`. */
  readonly type: string;
  /** Size in bytes. */
  readonly size: number;
  /**
   * Yields the content piece by piece. Each piece is verified before you receive it. Only the end
   * of the iteration shows that the file was complete. A lost connection is resumed.
   * @throws SealdeskError attachment_not_found, attachment_damaged, network, closed
   */
  download(): AsyncGenerator<Uint8Array, void, undefined>;
}

/** An attachment as the log has it. */
interface LoggedAttachmentItem extends Revisable {
  readonly kind: "attachment";
  readonly attachment: Attachment;
}

/** A change of the members, or the beginning or end of the conversation. */
export interface MembershipItem extends Placed {
  readonly kind: Exclude<EventKind, "message" | "history_granted" | "consent_changed">;
  /** The user who made the change. */
  readonly actor: UserId;
  /** The user affected by the event. */
  readonly subject: UserId;
  /** The subject's device, for `device_added` and `device_removed`. */
  readonly device: DeviceId | undefined;
  /** The members after the change. */
  readonly members: readonly Member[];
  /**
   * Who signed the change, and with which device. This device has checked the signature. Undefined if
   * no person acted (`device_added`, `device_removed`), and in granted history, where it is not checked.
   */
  readonly signedBy: { readonly user: UserId; readonly device: DeviceId } | undefined;
  /**
   * Set if the actor joined with access in an emergency, as they have signed. Undefined in granted history, where the
   * signature is not checked.
   */
  readonly breakGlass?: BreakGlass;
  /** Milliseconds since the Unix epoch, by the relay's clock. */
  readonly receivedAtMs: number;
}

/** A member shared a part of the past with another member. */
export interface HistoryGrantedItem extends Placed {
  readonly kind: "history_granted";
  /** The receipt, whose signature this device has checked. */
  readonly grant: HistoryGrant;
  readonly receivedAtMs: number;
}

/**
 * The customer gave or withdrew consent that staff share the conversation's past with colleagues.
 */
export interface ConsentItem extends Placed {
  readonly kind: "consent_changed";
  /** The receipt, whose signature this device has checked. */
  readonly consent: Consent;
  readonly receivedAtMs: number;
}

/** The faults of an event. An event with a fault is not shown as a message, except where noted. */
export type EventProblemCode =
  // a message that could not be opened, or must not be shown
  | "undecryptable" // damaged, forged, or for another key
  | "no_key" // this device was not given the message's key
  | "duplicate" // opened before: the relay showed one message twice
  | "key_reused" // sealed with a key step that an earlier message used: the sending device continued from an older copy of its store
  | "lost_in_rollback" // sealed with keys that this device lost when its store was restored from an older copy
  | "untrusted_sender" // the sending device is not certified by the key known for its account
  | "not_a_member" // the sending device belongs to no member, or to an archiver, who only receives
  | "wrong_epoch" // sealed for the members of another epoch
  | "commitment_mismatch" // the commitment does not match the message, so it could not be reported
  | "invalid_signature" // the sending device did not sign it for this place
  | "context_mismatch" // sealed for another conversation, sender, epoch or id
  | "malformed_plaintext"
  | "unsupported_payload" // a kind that this release does not know
  | "own_message_altered" // an own message that the log does not hold as this device sealed it
  | "unknown_own_message" // an own message, according to the relay, that the store does not know
  // an own message that is shown although the store is an older copy, which does not know how it was sealed
  | "own_message_uncompared"
  // a message that is shown although its sender saw another log than this device
  | "transcript_mismatch"
  // a correction that is shown although the message that it names is another one here
  | "correction_unlinked"
  // an edit or a deletion that is not shown: it is not by the author of the message, too late, or about another message than this device has
  | "revision_refused"
  // a message that is shown although it carries a head of the key log that the log did not sign
  | "invalid_key_log_head"
  // a granted message that is shown although the log does not show who was a member then
  | "membership_unverified"
  // a granted message that is shown although a member, `user`, says that they could not open it at the time
  | "unopened"
  // a membership event
  | "malformed_event" // its content is malformed, or it lists other members than its act makes: nothing is sealed from here on
  | "invalid_creation" // the creating device did not sign this conversation, or not this suite
  | "account_key_changed" // `user` has another account key: nothing is sent to devices under it
  | "staff_not_certified" // the tenant's authority does not certify the role of `user`: nothing is sealed for them until it does, and they change no members
  | "invalid_receipt" // a change, grant or consent that its device did not sign for this place: it does not count, and after a change nothing is sealed from here on
  // granted history; the message is not shown
  | "grant_omitted" // the grantor left the message out
  | "grant_altered" // the granted message is not the one in the log at this place
  | "author_unverified" // nothing proves that the sending device said what the grantor, `user`, passes on
  | "grant_unreadable" // the packs are damaged, or are not for this device
  | "grant_unverifiable" // the relay's log does not connect the range to what this device has seen
  | "key_not_logged" // the key log does not vouch for a device of `user`: nothing is sent to it
  | "invalid_device_record"; // a device of `user` is not certified by its account, or it was removed and is listed again

/** The faults of the log that the relay shows. The device connects again. */
export type LogProblemCode =
  | "missing_event" // the event `seq` was left out, or arrived too late
  | "forked_log" // the event `seq` does not match the log's hashes, or its franking tag has changed
  | "replayed" // the event `seq` arrived again
  | "rolled_back"; // the relay's log now ends before the event `seq`, which it showed earlier

export type ProblemCode = EventProblemCode | LogProblemCode;

/** A problem with an event or with the log. */
export interface ProblemItem extends Placed {
  readonly kind: "problem";
  readonly code: ProblemCode;
  /** The message concerned, if it is a message. */
  readonly message?: MessageId | undefined;
  /** The user who sent it, according to the relay. */
  readonly sender?: UserId | undefined;
  /** The member whose account or device is concerned. */
  readonly user?: UserId | undefined;
}

/** Events that no longer exist, according to the relay. No device can receive them. */
export interface GapItem extends Placed {
  readonly kind: "gap";
  /** The last event of the gap. */
  readonly seq: number;
  readonly from: number;
  readonly to: number;
  /**
   * "purged": the events are older than the tenant's retention period. "erased": their keys were
   * destroyed. "not_a_member": the relay passed over these events, because this device had been removed
   * in an earlier gap and came back later.
   */
  readonly reason: string;
}

/**
 * Users and devices came while this device saw no events: the events are gone, or this device was no
 * member. The membership event that follows lists them. This device seals for them from then on, so show
 * them to the user.
 */
export interface ArrivedUnseenItem extends Placed {
  readonly kind: "arrived_unseen";
  /**
   * Who came. Each has only the devices that came. A user who was a member before is listed with all
   * devices if they have another role now.
   */
  readonly members: readonly Member[];
  /** Milliseconds since the Unix epoch, by the relay's clock. They came at this time or before. */
  readonly receivedAtMs: number;
}

/**
 * Users and devices left while this device saw no events. The membership event that follows lists them no
 * more. Nothing is sealed for them from then on.
 */
export interface DepartedUnseenItem extends Placed {
  readonly kind: "departed_unseen";
  /**
   * Who left. Each has only the devices that left. A user who has another role now is listed with all
   * devices, in the earlier role.
   */
  readonly members: readonly Member[];
  /** Milliseconds since the Unix epoch, by the relay's clock. They left at this time or before. */
  readonly receivedAtMs: number;
}

/**
 * The server was restored from a backup, as two people approved. The items that follow with
 * `lostOnServer` are only on this device. Then comes what happened since the restore.
 */
export interface ServerRestoredItem extends Placed {
  /** Its `seq` is that of the last event that the server still had. */
  readonly kind: "server_restored";
  /** The time of the backup, in milliseconds since the Unix epoch. */
  readonly backupOfMs: number;
  /** The number of messages that are only on this device. */
  readonly messages: number;
  /**
   * Members who had left or had been removed, and who are members again because the server lost that.
   * Each has only the devices that are back. This device seals nothing for these devices until they
   * are removed and added again.
   */
  readonly returned: readonly Member[];
}

/** One thing that happened in a conversation. */
export type ConversationItem =
  | MessageItem
  | MessageDeletedItem
  | AttachmentItem
  | DeviceRestoredItem
  | MembershipItem
  | HistoryGrantedItem
  | ConsentItem
  | GapItem
  | ArrivedUnseenItem
  | DepartedUnseenItem
  | ServerRestoredItem
  | ProblemItem;

/** The same as `ConversationItem`, before attachments can be downloaded. */
export type LoggedItem = Exclude<ConversationItem, AttachmentItem> | LoggedAttachmentItem;
