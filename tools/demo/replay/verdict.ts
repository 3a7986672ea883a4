import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";

/** A message as its sender's device accepted it for sending. */
export interface Sent {
  readonly id: Uuid;
  readonly sender: UserId;
  readonly text: string;
}

/** A message as a device showed it. */
export type Shown = Sent;

/** The difference between the messages that a member was shown and those that it may read. */
export interface Verdict {
  /** Messages shown as they were sent, each counted once. */
  readonly opened: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly outOfOrder: number;
  readonly openedWithoutRight: number;
  /** Messages shown that no member sent in this form: with other text or another sender. */
  readonly altered: number;
}

/**
 * Compares the messages that a member was shown with the sent ones. A message that differs from the
 * sent one by a byte does not count as opened, so it is also lost.
 * @param sent all sent messages, in order
 * @param from the first of them that the member may read
 */
export function judge(sent: readonly Sent[], from: number, shown: readonly Shown[]): Verdict {
  const places = new Map(sent.map(({ id }, place) => [id, place]));
  const seen = new Set<number>();
  let latest = -1;
  let [duplicated, outOfOrder, openedWithoutRight, altered] = [0, 0, 0, 0];
  for (const message of shown) {
    const place = places.get(message.id);
    const original = place === undefined ? undefined : sent[place];
    if (place === undefined || original === undefined || !isSame(original, message)) altered++;
    else if (place < from) openedWithoutRight++;
    else if (seen.has(place)) duplicated++;
    else {
      seen.add(place);
      if (place < latest) outOfOrder++;
      latest = Math.max(latest, place);
    }
  }
  const lost = sent.length - from - seen.size;
  return { opened: seen.size, lost, duplicated, outOfOrder, openedWithoutRight, altered };
}

const isSame = (a: Sent, b: Sent): boolean =>
  a.sender === b.sender && Buffer.from(a.text).equals(Buffer.from(b.text));

export function sum(verdicts: readonly Verdict[]): Verdict {
  const total = (key: keyof Verdict) => verdicts.reduce((count, each) => count + each[key], 0);
  return {
    opened: total("opened"),
    lost: total("lost"),
    duplicated: total("duplicated"),
    outOfOrder: total("outOfOrder"),
    openedWithoutRight: total("openedWithoutRight"),
    altered: total("altered"),
  };
}

export const isFlawless = (verdict: Verdict): boolean =>
  Object.entries(verdict).every(([name, count]) => name === "opened" || count === 0);
