import { z } from "zod";
import { parseEntry } from "../../audit/export/entry-filter.ts";
import { logFolder } from "../../audit/log-folder.ts";
import { nodeChecks } from "../../audit/node-checks.ts";
import { parseVkey } from "../../audit/verify/note.ts";
import { verifyLog } from "../../audit/verify/verify-log.ts";
import { isId, type ConversationId, type UserId } from "../../crypto/wire/ids.ts";

/** A transcript hash that the audit log has. */
export interface RecordedHead {
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** What the audit log says about the conversations that an archive must have. */
export interface RecordedHeads {
  /** The heads of each conversation, in the order of the log. */
  readonly heads: ReadonlyMap<ConversationId, readonly RecordedHead[]>;
  /** The events that made the archiver's account a member. */
  readonly joined: ReadonlyMap<ConversationId, readonly number[]>;
  /** The number of entries that were verified. */
  readonly entries: number;
}

const transcript = z.looseObject({
  heads: z.array(z.tuple([z.string(), z.number(), z.string()])),
});
const creation = z.looseObject({ archivers: z.array(z.string()).optional() });
const addition = z.looseObject({ seq: z.number() });

/**
 * Verifies an exported audit log, and reads the transcript hashes in it.
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
  const heads = new Map<ConversationId, RecordedHead[]>();
  const joined = new Map<ConversationId, number[]>();
  const key = parseVkey(nodeChecks.sha256, vkey);
  const { size } = await verifyLog(nodeChecks, logFolder(folder), {
    key,
    onEntry(bytes) {
      const entry = parseEntry(bytes);
      if (entry?.outcome !== "success") return;
      const { action, actor, details, resource, subject } = entry;
      if (action === "transcript.record" && actor.kind === "system") {
        for (const [conversation, seq, hash] of transcript.parse(details).heads)
          if (isId<ConversationId>(conversation)) addTo(heads, conversation, { seq, hash });
      } else if (isId<ConversationId>(resource.id)) {
        const isBegun = action === "conversation.create";
        if (isBegun && creation.safeParse(details).data?.archivers?.includes(archiver) === true)
          addTo(joined, resource.id, 1);
        if (action === "conversation.add_member" && subject === archiver)
          addTo(joined, resource.id, addition.parse(details).seq);
      }
    },
  });
  return { heads, joined, entries: size };
}

function addTo<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
