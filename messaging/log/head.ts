import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { AdmissionFacts, SenderKeyFacts } from "../../policies/admission.ts";
import type { LoggedEvent } from "./event.ts";

/**
 * What a node holds of a conversation it serves. It is a copy and may be behind: a write that was
 * decided on it commits only if no event was appended since (the unique key on seq sees to that).
 */
export interface ConversationHead extends AdmissionFacts {
  readonly tenant: Uuid;
  readonly conversation: Uuid;
  readonly seq: number;
  readonly transcriptHash: Uint8Array;
  /** When the last event was received; the next one is never earlier. */
  readonly receivedAtMs: number;
  /** Keys of the current epoch that are still within their age limit. */
  readonly keys: ReadonlyMap<Uuid, SenderKeyFacts>;
  /** The last accepted messages by `messageKey`: most repeats are answered from here. */
  readonly recent: ReadonlyMap<string, LoggedEvent>;
}

const RECENT_MESSAGES = 32;

export const messageKey = (senderDevice: Uuid, clientMessageId: Uuid): string =>
  senderDevice + clientMessageId;

/** The head after `events` of kind message were appended to it, in order. */
export function advanced(head: ConversationHead, events: readonly LoggedEvent[]): ConversationHead {
  const last = events.at(-1);
  if (last === undefined) return head;
  const keys = new Map(head.keys);
  const recent = new Map(head.recent);
  for (const event of events) {
    const key = keys.get(event.keyId);
    keys.set(event.keyId, {
      device: event.senderDevice,
      epoch: event.epoch,
      startedAtMs: key?.startedAtMs ?? event.receivedAt,
      messages: (key?.messages ?? 0) + 1,
    });
    recent.set(messageKey(event.senderDevice, event.clientMessageId), event);
  }
  for (const key of recent.keys()) {
    if (recent.size <= RECENT_MESSAGES) break;
    recent.delete(key);
  }
  return {
    ...head,
    seq: last.seq,
    transcriptHash: last.transcriptHash,
    receivedAtMs: last.receivedAt,
    keys,
    recent,
  };
}
