import { toHex, equalBytes } from "../../crypto/wire/bytes.ts";
import { zeroHash } from "../../crypto/wire/event.ts";
import { decodeControl } from "../../crypto/wire/frame.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import type { Archived, ArchivedEvent } from "../records/archived-event.ts";
import { faultOf } from "./check-event.ts";
import type { RecordedHead } from "./recorded-heads.ts";

/** The first place at which the archive of a conversation is not complete and right. */
export interface Fault {
  readonly conversation: ConversationId;
  readonly seq: number;
  readonly code: "missing" | "altered" | "out_of_order" | "not_in_log";
  /** One clause about it. */
  readonly text: string;
}

/** What was proved of a conversation. */
export interface CheckedConversation {
  readonly events: number;
  readonly messages: number;
  /** Messages without content, because nobody consented. */
  readonly withheld: number;
  /** Messages without content, because the archiver's device could not open them. */
  readonly unreadable: number;
  /** The last event that the audit log covers; 0 if it covers none. */
  readonly provedTo: number;
  readonly fault: Fault | undefined;
}

/**
 * Compares what the archive has of a conversation with itself and with the transcript hashes in the audit log. It ends
 * at the first fault.
 * @param archived in the order of the archive. What a restore of the server took away was left out
 * @param recorded what the audit log says: transcript hashes, and the events that made the archiver a member
 * @param archiver the account of the archiver, which leaves when an event lists it no more
 */
export function checkConversation(
  conversation: ConversationId,
  archived: readonly Archived[],
  {
    heads,
    joined,
  }: { readonly heads: readonly RecordedHead[]; readonly joined: readonly number[] },
  archiver: UserId,
): CheckedConversation {
  const counts = { events: 0, messages: 0, withheld: 0, unreadable: 0, provedTo: 0 };
  const hashes = new Map(heads.map(({ seq, hash }) => [seq, hash]));
  const fail = (seq: number, code: Fault["code"], text: string): CheckedConversation => ({
    ...counts,
    fault: { conversation, seq, code, text },
  });
  let last: ArchivedEvent | undefined;
  let isMember = false;
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
    counts.events++;
    if (event.kind === "message") {
      counts.messages++;
      if (event.withheld !== undefined) counts.withheld++;
      else if (event.content === undefined) counts.unreadable++;
    } else isMember = lists(event, archiver);
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

/** Returns whether an account is a member after an event that is not a message. */
const lists = ({ control }: ArchivedEvent, user: UserId): boolean =>
  control !== undefined && decodeControl(control).members.some((member) => member.user === user);
