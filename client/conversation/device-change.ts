import type { Control, EventKind, Member } from "../../crypto/wire/frame.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { Conversation } from "./conversation.ts";
import type { HistoryRecord, Self } from "./history.ts";
import type { ConversationState } from "./state.ts";

/** A member's device came to a conversation, or was removed from it. */
export interface DeviceChange {
  readonly conversation: Conversation;
  readonly seq: number;
  /** Whose device. */
  readonly user: Uuid;
  readonly device: Uuid;
  readonly change: "added" | "removed";
  /** True for a device of this account: to one that was added, this one can grant history. */
  readonly mine: boolean;
}

/** Which device a membership event adds or removes; undefined for other kinds, or when none does. */
export function changedDevice(
  before: ConversationState | undefined,
  kind: EventKind,
  { subject, members }: Control,
  ownDevice: Uuid,
): Uuid | undefined {
  if (kind !== "device_added" && kind !== "device_removed") return undefined;
  const now = devicesOf(members, subject);
  // This device's first event is the one that added it.
  if (before === undefined) return now.includes(ownDevice) ? ownDevice : undefined;
  const earlier = devicesOf(before.members, subject);
  return kind === "device_added"
    ? now.find((device) => !earlier.includes(device))
    : earlier.find((device) => !now.includes(device));
}

const devicesOf = (members: readonly Member[], user: Uuid): readonly Uuid[] =>
  members.filter((member) => member.user === user).flatMap(({ devices }) => devices);

/** The event that tells an application of it. */
export function deviceChange(
  conversation: Conversation,
  { seq, record }: { readonly seq: number; readonly record: HistoryRecord },
  self: Self,
): DeviceChange | undefined {
  const { kind, control, device } = record;
  if (control === undefined || device === undefined) return undefined;
  const user = control.subject;
  const change = kind === "device_added" ? "added" : "removed";
  return { conversation, seq, user, device, change, mine: user === self.user };
}
