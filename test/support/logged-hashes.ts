import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { TestServer } from "./server.ts";

/** The transcript hashes of a conversation's events as the database has them, in order. */
export async function hashesOf(
  { database }: Pick<TestServer, "database">,
  conversation: ConversationId,
): Promise<Uint8Array[]> {
  const { rows } = await database.owner.query<{ transcript_hash: Buffer }>(
    "select transcript_hash from sealdesk.events where conversation = $1 and kind > 0 order by seq",
    [conversation],
  );
  return rows.map((row) => new Uint8Array(row.transcript_hash));
}
