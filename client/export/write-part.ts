import { toBase64 } from "../../audit/verify/base64.ts";
import type { ExportEvent, ExportFile, ExportPageFile } from "../../contract/export-files.ts";
import type { ExportRecord } from "../../contract/export-record.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { utf8 } from "../../crypto/wire/bytes.ts";
import type { UserId } from "../../crypto/wire/ids.ts";
import { attachmentFromFields } from "../../crypto/wire/payload-body.ts";
import { downloadAttachment, type DownloadDeps } from "../attachments/download.ts";
import { safeFileName } from "../attachments/safe-name.ts";
import type { HistoryRecord } from "../conversation/history.ts";
import { isProblem, SealdeskError } from "../errors.ts";
import { conversationPage } from "./archive/conversation-page.ts";
import { indexPage } from "./archive/index-page.ts";
import { namesIn, type Times } from "./archive/labels.ts";
import { attachmentPlace, type PlacedPage } from "./archive/places.ts";
import { tarEnd, tarFile } from "./archive/tar.ts";
import type { ExportSchema } from "./export-api.ts";
import { openPage } from "./open-page.ts";
import { recordsOf } from "./page-records.ts";
import type { CopyProgress, Summary } from "./progress.ts";

/** A part ends after the page with which it has so many bytes. An interruption costs one part. */
const PART_BYTES = 16 * 1024 * 1024;

export interface PartDeps {
  readonly store: DeviceStore;
  readonly downloads: DownloadDeps;
  readonly self: UserId;
  readonly record: ExportRecord;
  /** The bytes of the record as the server gave them. */
  readonly recordBytes: Uint8Array;
  /** What the first part has besides. */
  readonly schemas: readonly ExportSchema[];
  readonly places: readonly PlacedPage[];
  readonly times: Times;
  /** Returns the frames of a page. */
  readonly framesOf: (number: number) => Promise<readonly Uint8Array[]>;
  /** Is told after each page how many events are written. */
  readonly onWritten: (events: number) => void;
}

/** The next part of a copy, and how far the copy is after it. */
export class PartWriter {
  readonly #deps: PartDeps;
  #after: CopyProgress;
  #bytes = 0;
  #missing: CopyProgress["missing"][number] | undefined;

  constructor(deps: PartDeps, before: CopyProgress) {
    this.#deps = deps;
    this.#after = { ...before, files: [...before.files], summaries: { ...before.summaries } };
  }

  /** How far the copy is when the part is kept. */
  get after(): CopyProgress {
    return this.#after;
  }

  /** An attachment that cannot be had. The part is to be written again without it. */
  get missing(): CopyProgress["missing"][number] | undefined {
    return this.#missing;
  }

  /** Yields the part: a tar archive. */
  async *content(): AsyncGenerator<Uint8Array, void, undefined> {
    const { places, recordBytes, schemas } = this.#deps;
    if (this.#after.parts.length === 0) {
      yield* this.#file("data/record.json", recordBytes);
      for (const { path, text } of schemas) yield* this.#file(path, utf8(text));
    }
    while (this.#after.next < places.length && this.#bytes < PART_BYTES) {
      const place = places[this.#after.next];
      if (place !== undefined) yield* this.#page(place);
      this.#after = { ...this.#after, next: this.#after.next + 1 };
      this.#deps.onWritten(this.#after.written);
    }
    if (this.#after.next === places.length) {
      const { record, times } = this.#deps;
      const { summaries } = this.#after;
      yield* this.#file("index.html", utf8(indexPage({ record, summaries, places, times })));
      const list = utf8(`${JSON.stringify({ version: 1, files: this.#after.files })}\n`);
      this.#after = { ...this.#after, isComplete: true, filesDigest: toBase64(sha256(list)) };
      yield* tarFile("files.json", list.length, [list]);
    }
    yield tarEnd();
  }

  async *#page(place: PlacedPage): AsyncGenerator<Uint8Array, void, undefined> {
    const { self, record, times } = this.#deps;
    const { page } = place;
    const number = this.#after.next;
    const frames = page.events === 0 ? [] : await this.#deps.framesOf(number);
    const { records, refused } = await recordsOf(this.#deps.store, page);
    const { conversation, fromSeq, untilSeq } = page;
    const last = this.#after.last?.conversation === conversation ? this.#after.last : undefined;
    const { events, head } = openPage(page, frames, {
      self,
      records,
      refused,
      last,
      isOwnOnly: record.request.right === "portability",
      placeOf: (seq, name) => this.#placeOf(place, seq, name),
    });
    const file: ExportPageFile = {
      version: 1,
      conversation,
      fromSeq,
      untilSeq,
      events: [...events],
    };
    yield* this.#json(place.json, file);
    const context = { self, times, nameOf: namesIn(record) };
    yield* this.#file(place.html, utf8(conversationPage(place, file, context)));
    for (const { seq, content } of events)
      if (content.kind === "attachment" && content.path !== null)
        yield* this.#attachment(place, seq, content.path, records.get(seq));
    const seq = events.at(-1)?.seq;
    this.#after = {
      ...this.#after,
      written: this.#after.written + events.length,
      last:
        head === null || seq === undefined ? this.#after.last : { conversation, seq, hash: head },
      summaries: {
        ...this.#after.summaries,
        [conversation]: summed(this.#after.summaries[conversation], events),
      },
    };
  }

  #placeOf({ conversation, page }: PlacedPage, seq: number, name: string) {
    const missing = this.#after.missing.find(
      (each) => each.seq === seq && each.conversation === page.conversation,
    );
    return missing === undefined
      ? { path: attachmentPlace(conversation, seq, safeFileName(name)), missing: null }
      : { path: null, missing: missing.code };
  }

  async *#attachment(
    { page: { conversation } }: PlacedPage,
    seq: number,
    path: string,
    own: HistoryRecord | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (own?.attachment === undefined) return;
    const attachment = attachmentFromFields(own.attachment);
    const { size, plaintextDigest } = attachment;
    try {
      yield* this.#counted(
        tarFile(path, size, downloadAttachment(this.#deps.downloads, attachment)),
      );
    } catch (error) {
      if (isGone(error)) this.#missing = { conversation, seq, code: error.code };
      throw error;
    }
    this.#list({ path, bytes: size, digest: toBase64(plaintextDigest) });
  }

  #json(path: string, value: object): AsyncGenerator<Uint8Array, void, undefined> {
    return this.#file(path, utf8(`${JSON.stringify(value)}\n`));
  }

  async *#file(path: string, bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    yield* this.#counted(tarFile(path, bytes.length, [bytes]));
    this.#list({ path, bytes: bytes.length, digest: toBase64(sha256(bytes)) });
  }

  #list(file: ExportFile): void {
    this.#after = { ...this.#after, files: [...this.#after.files, file] };
  }

  async *#counted(
    pieces: AsyncGenerator<Uint8Array, void, undefined>,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const piece of pieces) {
      this.#bytes += piece.length;
      yield piece;
    }
  }
}

const isGone = (error: unknown): error is SealdeskError =>
  error instanceof SealdeskError &&
  (["attachment_not_found", "attachment_damaged", "forbidden", "subject_erased"].includes(
    error.code,
  ) ||
    isProblem(error, "key_destroyed"));

function summed(before: Summary | undefined, events: readonly ExportEvent[]): Summary {
  const { messages = 0, files = 0, firstAtMs = null, lastAtMs = null } = before ?? {};
  const said = events.filter(({ kind }) => kind === "message");
  return {
    messages: messages + said.length,
    files: files + said.filter(({ content }) => content.kind === "attachment").length,
    firstAtMs: firstAtMs ?? events[0]?.receivedAtMs ?? null,
    lastAtMs: events.at(-1)?.receivedAtMs ?? lastAtMs,
  };
}
