import type { Control, EventKind } from "../../crypto/wire/frame.ts";
import { needsReceipt, receiptOf } from "../../crypto/wire/receipt-checks.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";
import type { EventProblemCode, LoggedItem } from "./items.ts";

interface StoredEvent {
  readonly receivedAtMs: number;
  readonly problems: readonly { readonly code: EventProblemCode }[];
  readonly device: DeviceId | undefined;
  readonly senderDevice: DeviceId;
  readonly grantedBy: UserId | undefined;
}

/** Returns the item that shows an event that is not a message; undefined if its receipt does not count. */
export function controlItem(
  seq: number,
  kind: Exclude<EventKind, "message">,
  { receivedAtMs, problems, device, senderDevice, grantedBy }: StoredEvent,
  control: Control,
): LoggedItem | undefined {
  if (kind !== "history_granted" && kind !== "consent_changed") {
    const { actor, subject, members } = control;
    const isChecked = needsReceipt(kind) && grantedBy === undefined;
    const signedBy = isChecked ? { user: actor, device: senderDevice } : undefined;
    const receipt = isChecked ? receiptOf(control) : undefined;
    const breakGlass = receipt?.type === "membership" ? receipt.breakGlass : undefined;
    const joined = breakGlass === undefined ? {} : { breakGlass };
    return { kind, seq, actor, subject, members, device, signedBy, receivedAtMs, ...joined };
  }
  const receipt = receiptOf(control);
  if (receipt === undefined || problems.some(({ code }) => code === "invalid_receipt"))
    return undefined;
  if (receipt.type === "consent")
    return { kind: "consent_changed", seq, consent: receipt, receivedAtMs };
  return receipt.type === "history_grant"
    ? { kind: "history_granted", seq, grant: receipt, receivedAtMs }
    : undefined;
}
