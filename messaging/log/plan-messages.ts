import type { Send } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { uuidv7TimeMs } from "../../crypto/wire/uuid.ts";
import { decideAdmission, type Admission } from "../../policies/admission.ts";
import { monthStartMs, type LoggedEvent } from "./event.ts";
import { advanced, messageKey, type ConversationHead } from "./head.ts";
import type { MonthMarker } from "./insert-events.ts";
import { markerFor, numberMessage } from "./number-message.ts";

export interface PostRequest {
  readonly tenant: Uuid;
  readonly senderDevice: Uuid;
  readonly send: Send;
}

export type PostOutcome =
  | { readonly accepted: true; readonly event: LoggedEvent; readonly repeated: boolean }
  | { readonly accepted: false; readonly refusal: Refusal; readonly head: ConversationHead };

export type Refusal = Extract<Admission, { admitted: false }>;

/** What becomes of one conversation's waiting messages, decided on one head. */
export interface Plan {
  readonly outcomes: readonly PostOutcome[];
  readonly events: readonly LoggedEvent[];
  readonly firstUses: readonly LoggedEvent[];
  readonly markers: readonly MonthMarker[];
  /** The head once `events` are stored. */
  readonly next: ConversationHead;
}

/** Decides and numbers messages in order. Pure: nothing is stored, `head` is not changed. */
export function planMessages(
  head: ConversationHead,
  requests: readonly PostRequest[],
  alreadyAccepted: ReadonlyMap<string, LoggedEvent>,
  frankingKey: Uint8Array,
  now: number,
): Plan {
  const events: LoggedEvent[] = [];
  const firstUses: LoggedEvent[] = [];
  const markers: MonthMarker[] = [];
  let next = head;
  const outcomes = requests.map(({ senderDevice, send }): PostOutcome => {
    const id = messageKey(senderDevice, send.clientMessageId);
    const earlier = next.recent.get(id) ?? alreadyAccepted.get(id);
    if (earlier !== undefined && next.devices.has(senderDevice))
      return { accepted: true, event: earlier, repeated: true };
    const admission = decideAdmission(
      next,
      next.keys.get(send.keyId),
      {
        senderDevice,
        clientMessageId: send.clientMessageId,
        epoch: send.epoch,
        ciphertextBytes: send.ciphertext.length,
        packetDevices: send.packets.map((packet) => packet.device),
      },
      now,
    );
    if (!admission.admitted) return { accepted: false, refusal: admission, head: next };
    const event = numberMessage(next, senderDevice, send, frankingKey, now);
    const marker = markerFor(next, event);
    if (marker !== undefined) markers.push(marker);
    if (admission.newKey) firstUses.push(event);
    events.push(event);
    next = advanced(next, [event]);
    return { accepted: true, event, repeated: false };
  });
  return { outcomes, events, firstUses, markers, next };
}

/** True for ids that may stand in an earlier partition, where no unique key would refuse them. */
export function mayStandInEarlierMonth(clientMessageId: Uuid, now: number): boolean {
  const CLOCK_AHEAD_MS = 5 * 60_000;
  const madeAt = uuidv7TimeMs(clientMessageId) ?? 0;
  return madeAt < monthStartMs(now) + CLOCK_AHEAD_MS;
}
