import type { Conversation } from "../../client/index.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Archive, ArchivePosition } from "../records/archive.ts";
import type { Archived } from "../records/archived-event.ts";
import { archivedOf } from "./archived.ts";
import type { BasisDeps } from "./basis.ts";

/** The most events of one record. */
const mostEvents = 128;

export interface FollowDeps extends BasisDeps {
  readonly archive: Archive;
  readonly signal: AbortSignal;
  /** Events up to `seq` are in the archive. */
  readonly onArchived: (conversation: ConversationId, seq: number, events: number) => void;
}

/**
 * Archives the events of a conversation after a position, and then each new one. Many are kept in one record while the
 * device catches up, and each at once when it has. Ends when the signal aborts.
 * @throws ArchiverError record_exists; SealdeskError
 */
export async function followConversation(
  deps: FollowDeps,
  conversation: Conversation,
  from: ArchivePosition,
): Promise<void> {
  const { archive, signal, onArchived } = deps;
  const { id } = conversation;
  let { restores } = from;
  let batch: Archived[] = [];
  const write = async () => {
    const [first, last] = [batch[0], batch.at(-1)];
    if (first === undefined || last === undefined) return;
    const place = { conversation: id, restores, from: firstOf(first), to: last.seq };
    await archive.write(place, batch);
    onArchived(id, last.seq, batch.length);
    batch = [];
  };
  const position = { after: from.seq, restores: from.restores, signal };
  for await (const event of conversation.evidence(position)) {
    if (event.items.some(({ kind }) => kind === "server_restored")) {
      await write();
      restores++;
      continue;
    }
    const archived = await archivedOf(deps, conversation, event);
    if (archived === undefined) continue;
    batch.push(archived);
    if (batch.length >= mostEvents || event.seq >= conversation.seq) await write();
  }
}

const firstOf = (archived: Archived): number =>
  archived.type === "gap" ? archived.from : archived.seq;
