/** The model's cryptography. A device opens what was sealed for it, once, and nobody forges a payload. */
import type { Opened } from "../../client/conversation/open-event.ts";
import { DeviceError } from "../../crypto/device/device-error.ts";
import type { Deliver } from "../../crypto/wire/frame.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { ownerOf } from "./cast.ts";
import type { Device } from "./known.ts";
import type { Said } from "./events.ts";
import type { Rules } from "./rules.ts";

/** Opens a message in the order of `openDelivered` and `takeOwn`. */
export function open(rules: Rules, device: Device, event: Deliver, said: Said): Opened {
  const { owner, state, kept } = device;
  const wasShown = [...kept.values()].some((each) => each.said === said);
  if (event.senderDevice === owner.device)
    return wasShown ? made(undefined, "unknown_own_message") : made(said.text);
  const refusal = rules.refusalOf(state, ownerOf(event.senderDevice).user, event);
  if (refusal !== undefined) return made(undefined, refusal);
  if (isSilencedFor(rules, device, event.senderDevice)) return made(undefined, "untrusted_sender");
  if (!said.readers.includes(owner.device)) return made(undefined, "no_key");
  // Sealed again, it has another key.
  if (wasShown && said.author.device === event.senderDevice) return made(undefined, "duplicate");
  return openedWith(rules, device, event, said);
}

/** Returns whether a device is silent for another one. */
export const isSilencedFor = (
  rules: Rules,
  { kept, removals, caughtUp }: Device,
  sender: DeviceId,
): boolean =>
  rules.isSilenced(
    { isRemovedHere: wasRemovedHere(kept, sender), readAfterHello: removals.get(sender) },
    caughtUp,
  );

/** Returns whether a device was shown that another one was removed from the conversation. */
export const wasRemovedHere = (kept: Device["kept"], device: DeviceId): boolean =>
  [...kept.values()].some(({ items }) =>
    items.some((item) => item.kind === "device_removed" && item.device === device),
  );

function openedWith(rules: Rules, { kept }: Device, event: Deliver, said: Said): Opened {
  try {
    const { lastSeen } = rules.openPayload(said.payload, event);
    const recorded = kept.get(lastSeen.seq)?.placed?.hash.bytes;
    const isSame = rules.isSameLog(event, lastSeen, recorded);
    return isSame ? made(said.text) : made(said.text, "transcript_mismatch");
  } catch (error) {
    if (error instanceof DeviceError && error.code === "context_mismatch")
      return made(undefined, error.code);
    throw error;
  }
}

const made = (text: string | undefined, code?: Opened["problems"][number]["code"]): Opened => ({
  text,
  attachment: undefined,
  restored: undefined,
  about: undefined,
  payload: undefined,
  frankingKey: undefined,
  signature: undefined,
  problems: code === undefined ? [] : [{ code, user: undefined }],
});
