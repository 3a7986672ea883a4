import { encodeFrame, type Refused } from "../../crypto/wire/frame.ts";
import type { Followed } from "../../messaging/follow/visible-ranges.ts";
import { WireError } from "../../crypto/wire/wire-error.ts";
import type { DeliverableEvent } from "../../messaging/log/event.ts";
import type { Refusal } from "../../messaging/log/plan-messages.ts";
import type { AcceptedMessage, ConversationHead } from "../../messaging/log/head.ts";
import type { MessagingErrorCode } from "../../messaging/messaging-error.ts";
import type { CloseReason } from "./close-codes.ts";

/** Why a message was refused: by a rule of the log, or by a rate limit. */
export type RefusalCode = MessagingErrorCode | "rate_limited";

/** The sentences that a refused sender gets, with the next step. */
const sentences: Partial<Record<RefusalCode, string>> = {
  stale_message_id: "The message id is over 30 days old or ahead of time. Make a new one.",
  forbidden: "The role of this account does not write to conversations.",
  not_a_member: "This device is not a member of the conversation.",
  conversation_closed: "The conversation is closed.",
  conversation_not_found: "There is no such conversation.",
  message_too_large: "The ciphertext is over 64 KiB.",
  stale_epoch: "The members have changed. Rotate the key for the devices named and send again.",
  key_expired: "The sending key is used up. Rotate it and send again.",
  device_mismatch: "The key was not brought to exactly the member devices. Rotate and send again.",
  subject_erased:
    "The person whom this conversation is about is being erased. Nothing more is stored.",
  sanctioned:
    "A moderator has decided that this account may not write for now. Nothing is stored. You can appeal.",
  processing_restricted:
    "The processing of this conversation is restricted. Nothing is stored before the restriction ends. Begin another conversation.",
  key_destroyed: "What this account wrote here is erased, and nothing more is stored.",
  quota_exceeded:
    "The quota of stored messages is used up. Nothing is stored; send it again later.",
  rate_limited: "Too many messages. Wait, then send it again.",
  unavailable: "The message was not stored. Send it again.",
};

type RefusedIds = Pick<Refused, "conversation" | "clientMessageId">;
type Details = Pick<Refused, "epoch" | "devices" | "missing" | "extra" | "stale">;

/** A refusal says nothing about the conversation, unless its sender may know it. */
const noDetails: Details = { epoch: 0, devices: [], missing: [], extra: [], stale: [] };

export function refusedFrame(
  { conversation, clientMessageId }: RefusedIds,
  code: RefusalCode,
  retryAfterMs = 0,
  details = noDetails,
): Uint8Array {
  const message = sentences[code] ?? "The message was refused.";
  const body = { conversation, clientMessageId, code, message, retryAfterMs, ...details };
  return encodeFrame({ kind: "refused", body });
}

/**
 * Returns the frame of a refusal by a policy. Only a member who may write is told the epoch and the
 * devices.
 */
export function admissionRefusedFrame(
  ids: RefusedIds,
  { code, missing, extra, stale, retryAfterMs }: Refusal,
  head: ConversationHead,
): Uint8Array {
  if (code === "not_a_member") return refusedFrame(ids, "conversation_not_found");
  if (code === "forbidden" || code === "conversation_closed") return refusedFrame(ids, code);
  const { epoch, devices } = head;
  const details = { epoch, devices: [...devices], missing, extra, stale };
  return refusedFrame(ids, code, retryAfterMs, details);
}

export function acceptedFrame(message: AcceptedMessage): Uint8Array {
  const { conversation, clientMessageId, seq, receivedAtMs, transcriptHash, frankingTag } = message;
  return encodeFrame({
    kind: "accepted",
    body: { conversation, clientMessageId, seq, receivedAtMs, transcriptHash, frankingTag },
  });
}

/** One page of the conversations that a device follows. */
export const headsFrame = (page: readonly Followed[]): Uint8Array =>
  encodeFrame({
    kind: "heads",
    body: {
      heads: page.map(({ conversation, head, epoch, cursor }) => ({
        conversation,
        seq: head,
        epoch,
        acknowledged: cursor,
      })),
    },
  });

/** Tells a device to look for what it must remove. */
export const erasuresFrame = encodeFrame({ kind: "erasures", body: {} });

export const deliverFrame = (event: DeliverableEvent): Uint8Array =>
  encodeFrame({ kind: "deliver", body: event });

/**
 * Returns the frame about a connection's fault. For an unknown error, it only says that there was
 * one.
 */
export function faultFrame(reason: CloseReason, error: unknown): Uint8Array {
  const code = (error as { code?: unknown } | null)?.code;
  return encodeFrame({
    kind: "fault",
    body: {
      code: typeof code === "string" ? code : reason,
      message: error instanceof WireError ? error.message : `Closed: ${reason}.`,
      retryAfterMs: 0,
    },
  });
}
