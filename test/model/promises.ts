/** What must hold for honest devices, whatever the relay does. Each function returns what is wrong. */
import type { LoggedItem } from "../../client/conversation/items.ts";
import { deviceName, mallory, nameOf, ownerOf } from "./cast.ts";
import { readersOf } from "./device.ts";
import { wasRemovedHere } from "./open.ts";
import type { Device, Kept } from "./known.ts";
import type { Rules } from "./rules.ts";
import { pairOf, pairsOf } from "./shown.ts";

/**
 * Returns which promise the last thing that happened to a device breaks.
 * @param forges whether the relay makes acts in the name of members. If not, nobody seals for somebody
 *   whom no honest member added
 */
export function faultOf(rules: Rules, device: Device, forges: boolean): string | undefined {
  const [last, before] = [...device.kept.values()].toReversed();
  return (
    leavesOut(device) ??
    (forges ? undefined : (sealsForMallory(rules, device) ?? takesAgain(device))) ??
    sealsForStrangers(rules, device) ??
    sealsForLatecomers(rules, device) ??
    (last === undefined
      ? undefined
      : (showsFalsely(device, last, before) ??
        hearsRemoved(device, last) ??
        refusesEarlier(device, last, before) ??
        hidesAnotherLog(device, last)))
  );
}

/** A member has every event, or its user was shown a gap. */
function leavesOut({ owner, kept }: Device): string | undefined {
  const [last, before] = [...kept].toReversed();
  if (last === undefined || before?.[1].after.joined !== true) return undefined;
  const [seq, { items }] = last;
  const from = items[0]?.kind === "gap" ? items[0].from : seq;
  if (from <= before[0] + 1) return undefined;
  return `${owner.name} has no event ${before[0] + 1}, and shows no gap.`;
}

/** An act of a member changes a log once. */
function takesAgain({ owner, kept }: Device): string | undefined {
  const taken = [...kept.values()].flatMap(({ placed, items }) =>
    placed !== undefined && items.some(({ kind }) => kind === placed.content.kind)
      ? [placed.content]
      : [],
  );
  const last = taken.at(-1);
  if (last === undefined || last.kind === "message" || taken.indexOf(last) === taken.length - 1)
    return undefined;
  return `${owner.name} takes an act again: ${last.label}.`;
}

/** Nobody seals for Mallory if no member added her, unless she was shown as one who came unseen. */
function sealsForMallory(rules: Rules, device: Device): string | undefined {
  const isSealed = (readersOf(rules, device) ?? []).some(
    (reader) =>
      mallory.devices.includes(reader) && device.shown.get(pairOf(mallory.user, reader)) === 0,
  );
  return isSealed ? `${device.owner.name} seals for Mallory, whom no member added.` : undefined;
}

/** A device seals only for devices that its user was shown as members, each under its own account. */
function sealsForStrangers(rules: Rules, device: Device): string | undefined {
  const strangers = (readersOf(rules, device) ?? []).filter(
    (reader) => !device.shown.has(pairOf(ownerOf(reader).user, reader)),
  );
  if (strangers.length === 0) return undefined;
  return `${device.owner.name} seals for ${strangers.map(deviceName).join(", ")}, which was not shown.`;
}

/** A message that was written before somebody came unseen is not sealed for them. */
function sealsForLatecomers(rules: Rules, device: Device): string | undefined {
  const { owner, state, shown, kept } = device;
  if (state === undefined || readersOf(rules, device) === undefined) return undefined;
  const latest = Math.max(0, ...shown.values());
  const written = [0, ...kept.keys()].find(
    (after) =>
      after < latest && !rules.isOvertaken({ after, restored: undefined }, state.arrivedAt),
  );
  if (written === undefined) return undefined;
  return `${owner.name} seals what was written at ${written} for somebody who came unseen at ${latest}.`;
}

/** A message is shown once, as its author's, who is a member in the epoch that it was sealed for. */
function showsFalsely(device: Device, { said, items }: Kept, before: Kept | undefined) {
  const item = items.find(({ kind }) => kind === "message");
  if (item === undefined || said === undefined) return undefined;
  const { owner, kept } = device;
  const { author } = said;
  if (item.kind !== "message" || item.sender !== author.user || item.text !== said.text)
    return `${owner.name} shows a message of ${author.name} as one of ${nameOf("sender" in item ? item.sender! : author.user)}.`;
  if ([...kept.values()].filter((each) => each.said === said).length > 1)
    return `${owner.name} shows a message of ${author.name} twice.`;
  // Its own message is what a device wrote, wherever the relay shows it.
  if (author.device === owner.device) return undefined;
  const { members = [], epoch = 0 } = before?.after ?? {};
  if (!pairsOf(members).includes(pairOf(author.user, author.device)))
    return `${owner.name} shows a message of ${author.name}, who is no member.`;
  if (said.epoch !== epoch) return `${owner.name} shows a message of another epoch.`;
  return undefined;
}

/** A device that was removed before everything that arrives now says nothing more. */
function hearsRemoved({ owner, kept, removals }: Device, { said, caughtUp }: Kept) {
  if (said === undefined || said.author.device === owner.device) return undefined;
  const { device, name } = said.author;
  const readAt = removals.get(device);
  if (wasRemovedHere(kept, device)) return `${owner.name} shows a message of ${name}, which left.`;
  return readAt !== undefined && caughtUp > readAt
    ? `${owner.name} shows a message of ${name}, which was removed before.`
    : undefined;
}

/** What may have been said before the author's device was removed is shown. */
function refusesEarlier(
  { owner, kept, removals }: Device,
  { placed, items, caughtUp }: Kept,
  before: Kept | undefined,
) {
  if (placed?.content.kind !== "message") return undefined;
  const { author, epoch, readers } = placed.content.said;
  const isRefused = items.some(
    (item) => item.kind === "problem" && item.code === "untrusted_sender",
  );
  const wasSaidBefore =
    readers.includes(owner.device) &&
    epoch === before?.after.epoch &&
    !wasRemovedHere(kept, author.device) &&
    caughtUp <= (removals.get(author.device) ?? caughtUp);
  return isRefused && wasSaidBefore
    ? `${owner.name} refuses what ${author.name} may have said before its removal.`
    : undefined;
}

/** Whoever shows a message without a problem has the log that its author had, apart from shown gaps. */
function hidesAnotherLog({ owner, kept }: Device, { said, items }: Kept): string | undefined {
  if (said === undefined || said.author.device === owner.device) return undefined;
  if (items.some(({ kind }) => kind === "problem")) return undefined;
  const last = Math.max(...said.saw.keys());
  for (const [seq, hash] of said.saw) {
    const own = kept.get(seq)?.placed?.hash;
    if (own === undefined || own === hash) continue;
    const wasGone = rangeOf(seq + 1, last).some((each) => !said.saw.has(each));
    if (!wasGone && !isWarned(kept, seq, last))
      return `${owner.name} shows a message of ${said.author.name}, who had another event ${seq}.`;
  }
  return undefined;
}

/**
 * Two devices that have the same event have the same log and members before it, apart from gaps and
 * absences that their users were shown.
 * @param one the device that has just taken its last event
 */
export function disagreement(one: Device, other: Device): string | undefined {
  const [seq, last] = [...one.kept].at(-1) ?? [];
  const its = seq === undefined ? undefined : other.kept.get(seq);
  if (seq === undefined || last?.placed === undefined || its?.placed !== last.placed)
    return undefined;
  const isExcused = (from: number) =>
    isWarned(one.kept, from, seq) || isWarned(other.kept, from, seq);
  const both = `${one.owner.name} and ${other.owner.name} both have event ${seq}`;
  for (const [earlier, { placed }] of one.kept) {
    const theirs = other.kept.get(earlier)?.placed;
    if (placed && theirs && placed !== theirs && !isExcused(earlier))
      return `${both}, and not the same event ${earlier}.`;
  }
  const agree = last.after.epoch === its.after.epoch && last.members === its.members;
  return agree || isExcused(0) ? undefined : `${both}, and not the same members after it.`;
}

/**
 * Returns whether the user was told of a gap, a problem or an arrival after `from` and up to `to`, or
 * that the device was no member in between.
 */
const isWarned = (kept: Device["kept"], from: number, to: number): boolean =>
  [...kept].some(
    ([seq, { items, after }]) =>
      (seq > from && items.some((item) => warns(item) && firstOf(item) <= to)) ||
      (seq >= from && seq < to && !after.joined),
  );

const warns = ({ kind }: LoggedItem): boolean =>
  kind === "problem" || kind === "gap" || kind === "arrived_unseen";

const firstOf = (item: LoggedItem): number => (item.kind === "gap" ? item.from : item.seq);

const rangeOf = (from: number, to: number): readonly number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
