import { z } from "zod";
import { parseEntry, type LoggedEntry } from "../../audit/export/entry-filter.ts";
import { logFolder } from "../../audit/log-folder.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { parseVkey } from "../../audit/verify/note.ts";
import { verifyLog } from "../../audit/verify/verify-log.ts";
import { isId, type ConversationId, type UserId } from "../../crypto/wire/ids.ts";

/** A transcript hash that the audit log has. */
interface RecordedHead {
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** What the audit log says about a conversation. */
export interface Recorded {
  /** Transcript hashes, in the order of the log. */
  readonly heads: readonly RecordedHead[];
  /** The events that made the archiver's account a member. */
  readonly joined: readonly number[];
  /** The events that removed the archiver's account. */
  readonly left: readonly number[];
}

/** What an exported audit log says about the conversations that an archive must have. */
export interface RecordedHeads {
  readonly conversations: ReadonlyMap<ConversationId, Recorded>;
  /** The number of entries that were verified. */
  readonly entries: number;
  /** When the last entry was made, in milliseconds since the Unix epoch; 0 if there is none. */
  readonly untilMs: number;
}

export const nothingRecorded: Recorded = { heads: [], joined: [], left: [] };

const transcript = z.looseObject({
  heads: z.array(z.tuple([z.string(), z.number(), z.string()])),
});
const creation = z.looseObject({ archivers: z.array(z.string()).optional() });
const change = z.looseObject({ seq: z.number(), transcriptHash: z.string() });

/** The acts whose entries have the place and the transcript hash of their event. */
const changes = [
  "conversation.add_member",
  "conversation.remove_member",
  "conversation.close",
] as const;

/**
 * Verifies an exported audit log, and reads what it says about conversations.
 * @param folder what `sealdesk audit export` wrote
 * @param vkey the verifier key, as printed by `sealdesk audit vkey`
 * @param archiver the account whose archive is proved
 * @throws LogError that names the first place with a fault
 */
export async function readRecordedHeads(
  folder: string,
  vkey: string,
  archiver: UserId,
): Promise<RecordedHeads> {
  const conversations = new Map<ConversationId, MutableRecorded>();
  const of = (id: ConversationId): MutableRecorded => {
    const known = conversations.get(id) ?? { heads: [], joined: [], left: [] };
    conversations.set(id, known);
    return known;
  };
  let untilMs = 0;
  const key = parseVkey(nodeChecks.sha256, vkey);
  const { size } = await verifyLog(nodeChecks, logFolder(folder), {
    key,
    onEntry(bytes) {
      const entry = parseEntry(bytes);
      if (entry === undefined) return;
      untilMs = Math.max(untilMs, entry.occurredAtMs);
      if (entry.outcome === "success") readEntry(of, entry, archiver);
    },
  });
  return { conversations, entries: size, untilMs };
}

type MutableRecorded = {
  readonly [Name in keyof Recorded]: Recorded[Name][number][];
};

function readEntry(
  of: (id: ConversationId) => MutableRecorded,
  { action, actor, details, resource, subject }: LoggedEntry,
  archiver: UserId,
): void {
  if (action === "transcript.record" && actor.kind === "system") {
    for (const [id, seq, hash] of transcript.parse(details).heads)
      if (isId<ConversationId>(id)) of(id).heads.push({ seq, hash });
    return;
  }
  if (!isId<ConversationId>(resource.id)) return;
  if (action === "conversation.create") {
    const begun = creation.safeParse(details).data;
    if (begun?.archivers?.includes(archiver) === true) of(resource.id).joined.push(1);
  } else if (changes.some((each) => each === action)) {
    const { seq, transcriptHash: hash } = change.parse(details);
    const known = of(resource.id);
    known.heads.push({ seq, hash });
    if (subject !== archiver) return;
    if (action === "conversation.add_member") known.joined.push(seq);
    if (action === "conversation.remove_member") known.left.push(seq);
  }
}
