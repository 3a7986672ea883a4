import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import type { Archive } from "../records/archive.ts";
import { readConversation } from "../records/read-conversation.ts";
import { actianceXml } from "./actiance.ts";
import { csvHeader, csvLine } from "./csv.ts";
import { writeEml } from "./eml.ts";
import { exportedOf, type Exported, type ExportedMessage } from "./exported-message.ts";

/** The formats, each with what it is read by. */
export const formats = ["eml", "actiance", "csv", "jsonl"] as const;
export type Format = (typeof formats)[number];

/** What was written. */
export interface Written {
  readonly conversations: number;
  readonly events: number;
}

/**
 * Writes an archive in the clear, for another archive or an examiner.
 * @param out a folder for `eml`, else a file. It must not exist
 * @throws ArchiverError record_damaged, piece_missing; Error EEXIST
 */
export async function exportArchive(
  archive: Archive,
  format: Format,
  out: string,
): Promise<Written> {
  const counts = { conversations: 0, events: 0 };
  const conversations = async function* () {
    for (const [id, places] of await archive.places()) {
      const events = exportedOf(id, await readConversation(archive, places));
      counts.conversations++;
      counts.events += events.length;
      yield [id, events] as const;
    }
  };
  if (format === "eml") await writeMails(archive, conversations(), out);
  else
    await pipeline(
      Readable.from(textOf(format, conversations())),
      createWriteStream(out, { flags: "wx", mode: 0o600 }),
    );
  return counts;
}

type Conversations = AsyncIterable<readonly [ConversationId, readonly Exported[]]>;

async function* textOf(format: Exclude<Format, "eml">, conversations: Conversations) {
  switch (format) {
    case "actiance":
      return yield* actianceXml(conversations);
    case "csv":
      yield csvHeader;
      for await (const [, events] of conversations)
        for (const event of events) yield csvLine(event);
      return;
    case "jsonl":
      for await (const [, events] of conversations)
        for (const event of events) yield `${JSON.stringify(event)}\n`;
  }
}

/** Writes one file for each message, below a folder for each conversation. */
async function writeMails(
  archive: Archive,
  conversations: Conversations,
  out: string,
): Promise<void> {
  await mkdir(out, { mode: 0o700 });
  for await (const [id, events] of conversations)
    for (const event of events) {
      if (event.kind !== "message") continue;
      const place = join(out, id, `${String(event.seq).padStart(8, "0")}.eml`);
      await mkdir(dirname(place), { recursive: true, mode: 0o700 });
      await pipeline(
        Readable.from(writeEml(event, piecesOf(archive, event))),
        createWriteStream(place, { flags: "wx", mode: 0o600 }),
      );
    }
}

const piecesOf = (
  archive: Archive,
  { conversation, file }: ExportedMessage,
): AsyncIterable<Uint8Array> | undefined =>
  file?.stored && archive.readFile(conversation, file.stored);
