/** What a user knows of the members, from the items that they were shown and from nothing else. */
import type { LoggedItem } from "../../client/conversation/items.ts";
import type { Member } from "../../crypto/wire/frame.ts";
import type { DeviceId, UserId } from "../../crypto/wire/ids.ts";

/**
 * The member devices that a user was shown, each under its account. The number is the event that
 * showed a device as one that came unseen, or 0.
 */
export type Shown = ReadonlyMap<string, number>;

export const nobody: Shown = new Map();

export const pairOf = (user: UserId, device: DeviceId): string => `${user} ${device}`;

export const pairsOf = (members: readonly Member[]): readonly string[] =>
  members.flatMap(({ user, devices }) => devices.map((device) => pairOf(user, device)));

/** Returns what a user knows after more items. Who is no member must be shown again to be known. */
export function shownAfter(
  before: Shown,
  items: readonly LoggedItem[],
  members: readonly Member[],
): Shown {
  const shown = new Map(before);
  for (const item of items)
    for (const pair of broughtBy(item, before === nobody))
      if (!shown.has(pair) || item.kind === "arrived_unseen")
        shown.set(pair, item.kind === "arrived_unseen" ? item.seq : 0);
  const now = new Set(pairsOf(members));
  return new Map([...shown].filter(([pair]) => now.has(pair)));
}

/**
 * Returns the devices that an item shows as new.
 * @param isFirst whether the user has not been shown any member before
 */
function broughtBy(item: LoggedItem, isFirst: boolean): readonly string[] {
  switch (item.kind) {
    case "arrived_unseen":
    case "created":
      return pairsOf(item.members);
    case "member_added":
      return pairsOf(item.members.filter(({ user }) => isFirst || user === item.subject));
    case "device_added":
      if (isFirst) return pairsOf(item.members);
      return item.device === undefined ? [] : [pairOf(item.subject, item.device)];
    default:
      return [];
  }
}
