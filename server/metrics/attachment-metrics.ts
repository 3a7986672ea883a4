import type { Registry } from "prom-client";
import { damages, type Damage } from "../../messaging/attachments/damage.ts";
import { labelledCounter } from "./instruments.ts";

/** Stored attachments. */
export interface AttachmentMetrics {
  /** Counts a request for an attachment whose stored bytes differ from the sealed ones. */
  readonly damaged: (damage: Damage) => void;
}

export const createAttachmentMetrics = (registry: Registry): AttachmentMetrics => ({
  damaged: labelledCounter(
    registry,
    "sealdesk_attachments_damaged_total",
    "Attachments that were not served because their stored bytes are not what was sealed",
    { label: "damage", values: damages },
  ),
});
