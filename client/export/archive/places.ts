/** Where each file of an archive is. */
import type { ExportPage } from "../export-api.ts";

/** A page of the archive and where its files are. */
export interface PlacedPage {
  readonly page: ExportPage;
  /** The number of the conversation, from 1 on. */
  readonly conversation: number;
  /** The number of the page in its conversation, from 1 on, and how many there are. */
  readonly number: number;
  readonly of: number;
  readonly html: string;
  readonly json: string;
}

const digits = (number: number): string => String(number).padStart(4, "0");

/** Returns the place of each page, in their order. */
export function placesOf(pages: readonly ExportPage[]): readonly PlacedPage[] {
  const conversations = [...new Set(pages.map(({ conversation }) => conversation))];
  const totals = new Map<string, number>();
  for (const { conversation } of pages)
    totals.set(conversation, (totals.get(conversation) ?? 0) + 1);
  const counts = new Map<string, number>();
  return pages.map((page) => {
    const number = (counts.get(page.conversation) ?? 0) + 1;
    counts.set(page.conversation, number);
    const conversation = conversations.indexOf(page.conversation) + 1;
    const name = `conversations/${digits(conversation)}/${digits(number)}`;
    const of = totals.get(page.conversation) ?? 1;
    return { page, conversation, number, of, html: `${name}.html`, json: `data/${name}.json` };
  });
}

/** Returns where the attachment of an event is. @param name safe for file systems */
export const attachmentPlace = (conversation: number, seq: number, name: string): string =>
  `attachments/${digits(conversation)}/${seq}-${name}`;
