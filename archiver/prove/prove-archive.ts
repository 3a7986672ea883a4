import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { ArchiverError } from "../archiver-error.ts";
import type { Archive } from "../records/archive.ts";
import type { Archived } from "../records/archived-event.ts";
import { readConversation } from "../records/read-conversation.ts";
import { checkConversation, type CheckedConversation, type Fault } from "./check-conversation.ts";
import { checkFile } from "./check-file.ts";
import type { DeviceKeys } from "./device-keys.ts";
import { nothingRecorded, type RecordedHeads } from "./recorded-heads.ts";

/** What was proved of an archive. */
export interface Proof extends Omit<CheckedConversation, "provedTo" | "fault"> {
  /** The account of the archiver, as the archive names it. */
  readonly archiver: UserId;
  readonly conversations: number;
  /** Files whose bytes are those that their message names. */
  readonly files: number;
  /** Files that the archiver's device could not get, as the archive says. */
  readonly lackingFiles: number;
  /** Events that no transcript hash of the audit log covers yet. */
  readonly unproved: number;
  /** Where that is so: the last event that the audit log covers, and the last one in the archive. */
  readonly ends: readonly {
    readonly conversation: ConversationId;
    readonly provedTo: number;
    readonly archivedTo: number;
  }[];
  /** The first fault of each conversation that has one, in the order of conversations. */
  readonly faults: readonly Fault[];
  /**
   * True if there is no fault, the audit log covers every event, and no content is lacking but that of messages without
   * a consent.
   */
  readonly complete: boolean;
}

/**
 * Proves that an archive is complete and unaltered: every event that the relay accepted while the archiver was a member,
 * its author and its file, as far as the audit log covers it. An archive with one fault is not complete.
 */
export async function proveArchive(
  archive: Archive,
  recorded: RecordedHeads,
  devices: DeviceKeys,
): Promise<Proof> {
  const { user: archiver } = await archive.owner();
  const places = await archive.places();
  const ids = conversationsOf(places, recorded);
  const total = { events: 0, messages: 0, withheld: 0, unreadable: 0, files: 0, lackingFiles: 0 };
  const faults: Fault[] = [];
  const ends: Proof["ends"][number][] = [];
  let unproved = 0;
  for (const id of ids) {
    const read = await readAll(archive, id, places.get(id) ?? []);
    if ("code" in read) {
      faults.push(read);
      continue;
    }
    const { archived } = read;
    const known = recorded.conversations.get(id) ?? nothingRecorded;
    const checked = checkConversation(id, archived, known, { archiver, devices });
    const { provedTo } = checked;
    const end = checked.fault?.seq ?? Infinity;
    const files = await checkFiles(
      archive,
      id,
      archived.filter(({ seq }) => seq < end),
    );
    const fault = files.fault ?? checked.fault;
    for (const name of ["events", "messages", "withheld", "unreadable"] as const)
      total[name] += checked[name];
    total.files += files.files;
    total.lackingFiles += files.lackingFiles;
    if (fault !== undefined) {
      faults.push(fault);
      continue;
    }
    const open = archived.filter(({ seq }) => seq > provedTo);
    unproved += open.length;
    const archivedTo = open.at(-1)?.seq;
    if (archivedTo !== undefined) ends.push({ conversation: id, provedTo, archivedTo });
  }
  const lacking = total.unreadable + total.lackingFiles;
  const complete = faults.length === 0 && unproved === 0 && lacking === 0;
  return { archiver, conversations: ids.length, ...total, unproved, ends, faults, complete };
}

/** Returns the conversations that the archive has or must have. */
const conversationsOf = (
  places: ReadonlyMap<ConversationId, unknown>,
  { conversations }: RecordedHeads,
): readonly ConversationId[] => {
  const joined = [...conversations].flatMap(([id, known]) => (known.joined.length > 0 ? [id] : []));
  return [...new Set([...places.keys(), ...joined])].toSorted();
};

/** Checks the files of messages, up to the first fault. */
async function checkFiles(
  archive: Archive,
  conversation: ConversationId,
  archived: readonly Archived[],
): Promise<Pick<Proof, "files" | "lackingFiles"> & { readonly fault: Fault | undefined }> {
  const counts = { files: 0, lackingFiles: 0 };
  for (const event of archived) {
    if (event.type === "gap") continue;
    const file = await checkFile(archive, conversation, event);
    if (file.state === "right") counts.files++;
    else if (file.state === "lacking") counts.lackingFiles++;
    else if ("text" in file)
      return {
        ...counts,
        fault: { conversation, seq: event.seq, code: file.state, text: file.text },
      };
  }
  return { ...counts, fault: undefined };
}

/** A record that does not open is a fault at its first event. */
async function readAll(
  archive: Archive,
  conversation: ConversationId,
  places: Parameters<typeof readConversation>[1],
): Promise<{ readonly archived: readonly Archived[] } | Fault> {
  let seq = 1;
  try {
    return { archived: await readConversation(archive, places, (from) => (seq = from)) };
  } catch (error) {
    if (!(error instanceof ArchiverError)) throw error;
    const text = error.message.replace(/[.]$/, "");
    return { conversation, seq, code: "altered", text };
  }
}
