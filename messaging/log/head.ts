import type { Uuid } from "../../crypto/wire/uuid.ts";
import type {
  TenantId,
  UserId,
  DeviceId,
  ConversationId,
  MessageId,
} from "../../crypto/wire/ids.ts";
import type { AdmissionFacts, SenderKeyFacts } from "../../policies/admission.ts";
import type { ConversationActor } from "../../policies/abilities.ts";
import type { Sanction } from "../../policies/sanctions.ts";

/** An account that may write in a conversation. The policy decides when it writes. */
export interface Author extends Omit<ConversationActor, "policy" | "signIn"> {
  /** When its membership counts no more, in milliseconds since the Unix epoch, if it began by break-glass. */
  readonly untilMs: number | undefined;
  /** The sanction that was in force on the device when this was read. */
  readonly sanction?: Sanction | undefined;
}

import type { LoggedEvent } from "./event.ts";

/** The answer to the sender of an accepted message. A repeated message gets the same answer. */
export type AcceptedMessage = Pick<
  LoggedEvent,
  | "conversation"
  | "senderDevice"
  | "clientMessageId"
  | "seq"
  | "receivedAtMs"
  | "transcriptHash"
  | "frankingTag"
>;

/**
 * A node's copy of the head of a conversation. It may be behind. A write based on it commits only
 * if no event was appended since; the unique key on seq ensures that.
 */
export interface ConversationHead extends AdmissionFacts {
  readonly tenant: TenantId;
  readonly conversation: ConversationId;
  /** The user whose conversation it is. */
  readonly subject: UserId;
  /** The account of each member device, with the role that it had when this was read. */
  readonly authors: ReadonlyMap<DeviceId, Author>;
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
  /** The time when the last event was received. The next event is never earlier. */
  readonly receivedAtMs: number;
  /** Keys of the current epoch that are still within their age limit. */
  readonly keys: ReadonlyMap<Uuid, SenderKeyFacts>;
  /** The last accepted messages, newest last. Most repeats are answered from here. */
  readonly recent: readonly AcceptedMessage[];
}

const RECENT_MESSAGES = 8;

/**
 * A draft of a head. Planning a batch appends messages to it. The original head does not change.
 */
export class HeadDraft {
  readonly #start: ConversationHead;
  readonly #keys: Map<Uuid, SenderKeyFacts>;
  readonly #recent: AcceptedMessage[];
  seq: number;
  transcriptHash: Uint8Array;
  receivedAtMs: number;

  constructor(start: ConversationHead) {
    this.#start = start;
    this.#keys = new Map(start.keys);
    this.#recent = [...start.recent];
    this.seq = start.seq;
    this.transcriptHash = start.transcriptHash;
    this.receivedAtMs = start.receivedAtMs;
  }

  get tenant(): TenantId {
    return this.#start.tenant;
  }

  key(keyId: Uuid): SenderKeyFacts | undefined {
    return this.#keys.get(keyId);
  }

  /** Returns the earlier answer to this message, if it is recent or part of the current plan. */
  repeated(senderDevice: DeviceId, clientMessageId: MessageId): AcceptedMessage | undefined {
    return this.#recent.find(
      (message) =>
        message.clientMessageId === clientMessageId && message.senderDevice === senderDevice,
    );
  }

  append(event: LoggedEvent): void {
    this.seq = event.seq;
    this.transcriptHash = event.transcriptHash;
    this.receivedAtMs = event.receivedAtMs;
    const key = this.#keys.get(event.keyId);
    this.#keys.set(event.keyId, {
      device: event.senderDevice,
      epoch: event.epoch,
      startedAtMs: key?.startedAtMs ?? event.receivedAtMs,
      messages: (key?.messages ?? 0) + 1,
    });
    const { conversation, senderDevice, clientMessageId, seq, receivedAtMs } = event;
    const { transcriptHash, frankingTag } = event;
    // Leaves out the ciphertext, because a node keeps this for every conversation it serves.
    this.#recent.push({
      conversation,
      senderDevice,
      clientMessageId,
      seq,
      receivedAtMs,
      transcriptHash,
      frankingTag,
    });
  }

  /** Returns the head after everything appended is stored. */
  finish(): ConversationHead {
    const { seq, transcriptHash, receivedAtMs } = this;
    return {
      ...this.#start,
      seq,
      transcriptHash,
      receivedAtMs,
      keys: this.#keys,
      recent: this.#recent.slice(-RECENT_MESSAGES),
    };
  }
}
