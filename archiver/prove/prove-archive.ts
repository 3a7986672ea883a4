import type { ConversationId } from "../../crypto/wire/ids.ts";
import { ArchiverError } from "../archiver-error.ts";
import type { Archive } from "../records/archive.ts";
import { readConversation } from "../records/read-conversation.ts";
import { checkConversation, type CheckedConversation, type Fault } from "./check-conversation.ts";
import type { RecordedHeads } from "./recorded-heads.ts";

/** What was proved of an archive. */
export interface Proof extends Omit<CheckedConversation, "provedTo" | "fault"> {
  readonly conversations: number;
  /** Events that no transcript hash of the audit log covers yet. */
  readonly unproved: number;
  /** The first fault of each conversation that has one, in the order of conversations. */
  readonly faults: readonly Fault[];
}

/**
 * Proves that an archive is complete and unaltered: every event that the relay accepted while the archiver was a member,
 * as far as the audit log covers it. An archive with one fault is not complete.
 */
export async function proveArchive(archive: Archive, recorded: RecordedHeads): Promise<Proof> {
  const { user } = await archive.owner();
  const places = await archive.places();
  const ids = [...new Set([...places.keys(), ...recorded.joined.keys()])].toSorted();
  const total = { events: 0, messages: 0, withheld: 0, unreadable: 0, unproved: 0 };
  const faults: Fault[] = [];
  for (const conversation of ids) {
    const read = await readAll(archive, conversation, places.get(conversation) ?? []);
    const heads = recorded.heads.get(conversation) ?? [];
    const joined = recorded.joined.get(conversation) ?? [];
    const checked =
      "code" in read
        ? { events: 0, messages: 0, withheld: 0, unreadable: 0, provedTo: 0, fault: read }
        : checkConversation(conversation, read.archived, { heads, joined }, user);
    total.events += checked.events;
    total.messages += checked.messages;
    total.withheld += checked.withheld;
    total.unreadable += checked.unreadable;
    if (checked.fault !== undefined) faults.push(checked.fault);
    else if ("archived" in read)
      total.unproved += read.archived.filter(({ seq }) => seq > checked.provedTo).length;
  }
  return { conversations: ids.length, ...total, faults };
}

/** A record that does not open is a fault at its first event. */
async function readAll(
  archive: Archive,
  conversation: ConversationId,
  places: Parameters<typeof readConversation>[1],
): Promise<{ readonly archived: Awaited<ReturnType<typeof readConversation>> } | Fault> {
  let seq = 1;
  try {
    const archived = await readConversation(archive, places, (from) => (seq = from));
    return { archived };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    return { conversation, seq, code: "altered", text: error.message };
  }
}
