import { choice, message, type MessageOf } from "../../crypto/wire/protobuf.ts";
import type { ConversationId, UserId } from "../../crypto/wire/ids.ts";
import { targetFields } from "../../crypto/wire/payload-body.ts";
import type { StoreTransaction } from "../../crypto/device/store.ts";
import { seqDigits } from "./history-key.ts";

/** The earlier message that a stored message is about, and what it does to it. */
export const aboutMessage = message({
  ...targetFields,
  as: [3, choice({ correction: 1, edit: 2, deletion: 3 })],
});

export type About = MessageOf<typeof aboutMessage>;

/** Where the store finds what revises the messages of a conversation, in the order of these messages. */
export const revisionPrefix = (conversation: ConversationId): string => `revision!${conversation}!`;
/** Only the author of a message revises it, so that nobody else fills this list. */
export const revisionsBy = (conversation: ConversationId, seq: number, author: UserId): string =>
  `${revisionPrefix(conversation)}${seqDigits(seq)}!${author}!`;

/** Notes which message the event `seq` edits or deletes, if it does. */
export function noteRevision(
  transaction: StoreTransaction,
  conversation: ConversationId,
  seq: number,
  { about, sender }: { readonly about: About | undefined; readonly sender: UserId | undefined },
): void {
  if (about === undefined || about.as === "correction" || sender === undefined) return;
  const name = revisionsBy(conversation, about.seq, sender) + seqDigits(seq);
  transaction.put(name, new Uint8Array(1));
}
