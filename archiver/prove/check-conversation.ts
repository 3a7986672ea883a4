import { toHex, equalBytes } from "../../crypto/wire/bytes.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Archived, ArchivedEvent } from "../records/archived-event.ts";
import { controlOf } from "../records/body-of.ts";
import { authorFaultOf } from "./check-author.ts";
import { faultOf } from "./check-event.ts";
import type { DeviceKeys } from "./device-keys.ts";
import type { Recorded } from "./recorded-heads.ts";

/** The first place at which the archive of a conversation is not complete and right. */
export interface Fault {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly code: "missing" | "altered" | "out_of_order" | "not_in_log" | "forged";
  /** One clause about it. */
  readonly text: string;
}

/** What was proved of a conversation. */
export interface CheckedConversation {
  readonly events: number;
  readonly messages: number;
  /** Messages without content, because nobody consented, as the archive says. */
  readonly withheld: number;
  /** Messages without content, because the archiver's device could not open them, as the archive says. */
  readonly unreadable: number;
  /** The last event that the audit log covers; 0 if it covers none. */
  readonly provedTo: number;
  readonly fault: Fault | undefined;
}

/** The accounts and devices that a conversation is checked with. */
export interface People {
  /** The account of the archiver. */
  readonly archiver: UserId;
  readonly devices: DeviceKeys;
}

/**
 * Compares what the archive has of a conversation with itself, with the transcript hashes in the audit log, and with the
 * devices in the key log. The archiver begins and ends to be a member only where the audit log says so. The check ends
 * at the first fault.
 * @param archived in the order of the archive. What a restore of the server took away was left out
 */
export function checkConversation(
  conversation: ConversationId,
  archived: readonly Archived[],
  { heads, joined, left }: Recorded,
  { archiver, devices }: People,
): CheckedConversation {
  const counts = { events: 0, messages: 0, withheld: 0, unreadable: 0, provedTo: 0 };
  const hashes = new Map(heads.map(({ seq, hash }) => [seq, hash]));
  const fail = (seq: number, code: Fault["code"], text: string): CheckedConversation => ({
    ...counts,
    fault: { conversation, seq, code, text },
  });
  let last: ArchivedEvent | undefined;
  let isMember = false;
  let members: Parameters<typeof authorFaultOf>[2] = [];
  for (const event of archived) {
    if (event.type === "gap") {
      if (!isMember && event.reason === "not_a_member") continue;
      return fail(event.from, "missing", `it is gone: ${event.reason}`);
    }
    const { seq } = event;
    const after = last?.seq ?? 0;
    // The archiver has what happened while it was a member, from the event that made it one.
    const expected = isMember ? after + 1 : (joined.find((each) => each > after) ?? after + 1);
    if (seq > expected) return fail(expected, "missing", "the archive does not have it");
    if (seq < expected) return fail(seq, "out_of_order", `it stands after event ${expected - 1}`);
    const wrong = faultOf(conversation, event);
    if (wrong !== undefined) return fail(seq, "altered", wrong);
    const isNext = last?.seq === seq - 1 || seq === 1;
    if (isNext && !equalBytes(event.previousHash, last?.transcriptHash ?? zeroHash))
      return fail(seq, "altered", "it does not continue the event before");
    const known = hashes.get(seq);
    if (known !== undefined && known !== toHex(event.transcriptHash))
      return fail(
        counts.provedTo === 0 ? seq : counts.provedTo + 1,
        "not_in_log",
        `the audit log has another hash of event ${seq}`,
      );
    const control = controlOf(event);
    if (control === undefined) {
      const forged = authorFaultOf(conversation, event, members, devices);
      if (forged !== undefined) return fail(seq, "forged", forged);
    } else members = control.members;
    const isIn = members.some(({ user }) => user === archiver);
    if (isIn && !isMember && !joined.includes(seq))
      return fail(seq, "not_in_log", "the audit log does not add the archiver there");
    if (!isIn && !(isMember && left.includes(seq)))
      return fail(seq, "not_in_log", "the audit log does not remove the archiver there");
    isMember = isIn;
    counts.events++;
    if (control === undefined) {
      counts.messages++;
      if (event.content === undefined)
        counts[event.withheld === undefined ? "unreadable" : "withheld"]++;
    }
    if (known !== undefined) counts.provedTo = seq;
    last = event;
  }
  const end = heads.reduce((most, { seq }) => Math.max(most, seq), 0);
  const after = last?.seq ?? 0;
  const next = isMember ? after + 1 : joined.find((each) => each > after);
  if (next !== undefined && end >= next)
    return fail(next, "missing", `the audit log knows events up to ${end}`);
  return { ...counts, fault: undefined };
}
