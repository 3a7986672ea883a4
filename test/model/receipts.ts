/** The receipts of acts. A signature is a word of the model: an act says whether its author made it. */
import { sha256 } from "../../crypto/device/sodium.ts";
import type { Control } from "../../crypto/wire/frame.ts";
import { nilId, type ConsentId, type DeviceId } from "../../crypto/wire/ids.ts";
import type { MembershipAct } from "../../crypto/wire/membership.ts";
import { encodeReceipt, type LogPoint } from "../../crypto/wire/receipt.ts";
import { isMembershipKind } from "../../crypto/wire/receipt-checks.ts";
import { membersBytes } from "../../crypto/wire/signed-records.ts";
import { conversation, tenant } from "./cast.ts";

/** Returns the content of an event with the receipt of its author's device. */
export function withReceipt(
  kind: MembershipAct["kind"],
  control: Control,
  device: DeviceId,
  after: LogPoint,
): Control {
  const { actor, subject, epoch, members } = control;
  const placed = { version: 1, tenant, conversation, after, atMs: 1 } as const;
  if (kind === "consent_changed") {
    const consent = {
      purpose: "history_sharing",
      state: "given",
      record: new Uint8Array(32).fill(6),
    } as const;
    const text = {
      type: "consent",
      id: nilId<ConsentId>(),
      user: actor,
      device,
      ...consent,
    } as const;
    return signed(control, encodeReceipt({ ...placed, ...text }));
  }
  if (!isMembershipKind(kind)) return control;
  const text = encodeReceipt({
    ...placed,
    type: "membership",
    id: nilId(),
    kind,
    actor,
    actorDevice: device,
    subject,
    epoch,
    members: sha256(membersBytes(members)),
  });
  return signed(control, text);
}

const signed = (control: Control, text: Uint8Array): Control => ({
  ...control,
  receipt: { text, signature: new Uint8Array(64) },
});
