import type { ExportFile } from "../../contract/export-files.ts";
import { fromUtf8, utf8 } from "../../crypto/wire/bytes.ts";
import type { CaseId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { WrittenPart } from "./target.ts";

/** What is known of a conversation of the copy, for its list. */
export interface Summary {
  readonly messages: number;
  readonly files: number;
  readonly firstAtMs: number | null;
  readonly lastAtMs: number | null;
}

/** How far a copy is written. It is kept in this device's encrypted store. */
export interface CopyProgress {
  readonly version: 1;
  readonly export: CaseId;
  /** The next page. */
  readonly next: number;
  /** Events of the pages before. */
  readonly written: number;
  readonly isComplete: boolean;
  readonly parts: readonly WrittenPart[];
  readonly files: readonly ExportFile[];
  /** SHA-256 of `files.json`, once it is written. */
  readonly filesDigest: string | null;
  readonly summaries: Readonly<Record<string, Summary>>;
  /** The last event that was checked: the next one must follow it. */
  readonly last: {
    readonly conversation: string;
    readonly seq: number;
    readonly hash: string;
  } | null;
  /** Attachments that cannot be had, and why. */
  readonly missing: readonly {
    readonly conversation: string;
    readonly seq: number;
    readonly code: string;
  }[];
}

export const newProgress = (id: CaseId): CopyProgress => ({
  version: 1,
  export: id,
  next: 0,
  written: 0,
  isComplete: false,
  parts: [],
  files: [],
  filesDigest: null,
  summaries: {},
  last: null,
  missing: [],
});

const progressKey = (request: CaseId): string => `export!${request}`;
const recordKey = (request: CaseId): string => `export-record!${request}`;

/** Returns how far the copy of a request is, and its record; undefined if none was begun here. */
export async function loadProgress(
  store: DeviceStore,
  request: CaseId,
): Promise<
  { readonly progress: CopyProgress; readonly record: Uint8Array | undefined } | undefined
> {
  const [stored, record] = await store.read(async (transaction) => [
    await transaction.get(progressKey(request)),
    await transaction.get(recordKey(request)),
  ]);
  if (stored === undefined) return undefined;
  // The store authenticates what this device has written. Another release may have written another form.
  const progress = JSON.parse(fromUtf8(stored)) as CopyProgress;
  return progress.version === 1 ? { progress, record } : undefined;
}

export const saveProgress = (
  store: DeviceStore,
  request: CaseId,
  progress: CopyProgress,
): Promise<void> =>
  store.transact(async (transaction) =>
    transaction.put(progressKey(request), utf8(JSON.stringify(progress))),
  );

export const saveRecord = (
  store: DeviceStore,
  request: CaseId,
  record: Uint8Array,
): Promise<void> =>
  store.transact(async (transaction) => transaction.put(recordKey(request), record));

export const forgetProgress = (store: DeviceStore, request: CaseId): Promise<void> =>
  store.transact(async (transaction) => {
    transaction.delete(progressKey(request));
    transaction.delete(recordKey(request));
  });
