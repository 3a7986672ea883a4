import type { Control, EventKind, Member } from "../../crypto/wire/frame.ts";
import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { Conversation } from "./conversation.ts";
import type { HistoryRecord, Self } from "./history.ts";
import type { ConversationState } from "./state.ts";

/** The addition of a member's device to a conversation, or its removal. */
export interface DeviceChange {
  readonly conversation: Conversation;
  readonly seq: number;
  /** The user whose device it is. */
  readonly user: UserId;
  readonly device: DeviceId;
  readonly change: "added" | "removed";
  /** True for a device of this account. If it was added, this device can grant history to it. */
  readonly mine: boolean;
}

/**
 * Returns the device that a membership event adds or removes. Returns undefined for other kinds, and if
 * events before it are gone and several devices differ.
 */
export function changedDevice(
  before: ConversationState | undefined,
  kind: EventKind,
  {
    control: { subject, members },
    enters,
  }: { readonly control: Control; readonly enters: boolean },
  self: Self,
): DeviceId | undefined {
  if (kind !== "device_added" && kind !== "device_removed") return undefined;
  const isAdded = kind === "device_added";
  // The event that makes this device a member is the one that added it.
  if (isAdded && enters && subject === self.user) return self.device;
  const now = devicesOf(members, subject);
  const earlier = devicesOf(before?.members ?? [], subject);
  const changed = isAdded
    ? now.filter((device) => !earlier.includes(device))
    : earlier.filter((device) => !now.includes(device));
  return changed.length === 1 ? changed[0] : undefined;
}

const devicesOf = (members: readonly Member[], user: UserId): readonly DeviceId[] =>
  members.filter((member) => member.user === user).flatMap(({ devices }) => devices);

/** Builds the event that tells the application about the change. */
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
