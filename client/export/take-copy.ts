import * as z from "zod/mini";
import { fromBase64 } from "../../audit/verify/base64.ts";
import { exportRecord } from "../../contract/export-record.ts";
import type { CaseId, NewId, UserId } from "../../crypto/wire/ids.ts";
import { sha256 } from "../../crypto/device/sodium.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import { fromUtf8 } from "../../crypto/wire/bytes.ts";
import type { DownloadDeps } from "../attachments/download.ts";
import { Retry } from "../attachments/retry.ts";
import { isProblem, SealdeskError } from "../errors.ts";
import { sleep, type Clock } from "../runtime.ts";
import { timesIn } from "./archive/labels.ts";
import { placesOf } from "./archive/places.ts";
import type { ExportApi, ExportPage } from "./export-api.ts";
import {
  forgetProgress,
  loadProgress,
  newProgress,
  saveProgress,
  saveRecord,
  type CopyProgress,
} from "./progress.ts";
import type { ExportProgress, ExportTarget } from "./target.ts";
import { PartWriter, type PartDeps } from "./write-part.ts";

export interface CopyDeps {
  readonly api: ExportApi;
  readonly store: DeviceStore;
  readonly downloads: DownloadDeps;
  readonly clock: Clock;
  readonly newId: NewId;
  readonly self: UserId;
  /** Aborts when the connection is closed. */
  readonly signal: AbortSignal;
}

/** A copy that is complete. */
export interface WrittenCopy {
  /** The id of its case. */
  readonly id: CaseId;
  readonly parts: number;
  /** Events that the server could still open. */
  readonly events: number;
}

const MOST_FAILURES = 20;
const ASK_AGAIN_MS = 500;
/** How often a copy is begun again because data of it was erased while it was written. */
const MOST_BEGINNINGS = 3;

/**
 * Writes the copy that answers a request. If an earlier attempt was interrupted, on this device or on the server, it goes on
 * after the last part that is kept.
 * @throws SealdeskError export_altered; request_refused, with `problem` request_not_found, case_moved or right_not_available;
 *   what the target throws; and those of any request
 */
export async function takeCopy(
  deps: CopyDeps,
  request: CaseId,
  target: ExportTarget,
  onProgress: (progress: ExportProgress) => void,
): Promise<WrittenCopy> {
  for (let beginning = 1; ; beginning++)
    try {
      return await takeOnce(deps, request, target, onProgress);
    } catch (error) {
      const isOver = error === SUPERSEDED || isProblem(error, "export_changed");
      if (!isOver) throw error;
      await forgetProgress(deps.store, request);
      if (beginning === MOST_BEGINNINGS) throw error === SUPERSEDED ? conflicting(error) : error;
    }
}

const SUPERSEDED = new Error("The export is over.");

const conflicting = (cause: unknown): SealdeskError =>
  new SealdeskError("request_refused", "Another device of this account takes the copy.", { cause });

async function takeOnce(
  deps: CopyDeps,
  request: CaseId,
  target: ExportTarget,
  onProgress: (progress: ExportProgress) => void,
): Promise<WrittenCopy> {
  const { api, store, clock, signal } = deps;
  const retry = new Retry(clock, signal, MOST_FAILURES);
  const begun = await beginOrResume(deps, retry, request, target);
  let { progress } = begun;
  const { export: id } = progress;
  onProgress({ written: progress.written, events: undefined });
  const pages = await packedPages(deps, retry, id);
  const { record: recordBytes, schemas } =
    begun.record === undefined
      ? await retry.answer(() => api.record(id))
      : { record: begun.record, schemas: [] };
  if (begun.record === undefined) await saveRecord(store, request, recordBytes);
  const events = pages.reduce((sum, page) => sum + page.events, 0);
  const part: PartDeps = {
    ...deps,
    record: recordOf(recordBytes),
    recordBytes,
    schemas,
    places: placesOf(pages),
    times: timesIn(Intl.DateTimeFormat().resolvedOptions().timeZone),
    onWritten: (written) => onProgress({ written, events }),
    framesOf: (number) => retry.answer(() => api.page(id, number)),
  };
  onProgress({ written: progress.written, events });
  while (!progress.isComplete) {
    progress = await writePart(part, target, progress);
    await saveProgress(store, request, progress);
  }
  const written = {
    record: sha256(recordBytes),
    files: fromBase64(progress.filesDigest ?? "") ?? new Uint8Array(),
    parts: progress.parts.map(({ bytes, digest }) => ({
      bytes,
      digest: fromBase64(digest) ?? new Uint8Array(),
    })),
  };
  await target.writeManifest(await retry.answer(() => api.complete(id, written)));
  await forgetProgress(store, request);
  return { id, parts: progress.parts.length, events };
}

/** Goes on with what this device has begun, if all parts of it are still there. */
async function beginOrResume(
  { api, store, newId }: CopyDeps,
  retry: Retry,
  request: CaseId,
  target: ExportTarget,
): Promise<{ readonly progress: CopyProgress; readonly record: Uint8Array | undefined }> {
  const kept = await loadProgress(store, request);
  if (kept !== undefined && (await hasAll(target, kept.progress))) {
    // The request to begin may never have reached the server.
    if (kept.record === undefined)
      await retry.answer(() => api.begin(request, kept.progress.export));
    // The first part has the record. Until it is kept, the server is asked again.
    return kept.progress.parts.length === 0 ? { ...kept, record: undefined } : kept;
  }
  const progress = newProgress(newId<CaseId>());
  await forgetProgress(store, request);
  await saveProgress(store, request, progress);
  await retry.answer(() => api.begin(request, progress.export));
  return { progress, record: undefined };
}

async function hasAll(target: ExportTarget, { parts }: CopyProgress): Promise<boolean> {
  for (const [index, part] of parts.entries())
    if (!(await target.hasPart(index + 1, part))) return false;
  return true;
}

/** Waits until the server has packed everything. */
async function packedPages(
  { api, clock, signal }: CopyDeps,
  retry: Retry,
  id: CaseId,
): Promise<readonly ExportPage[]> {
  for (;;) {
    const { state, pages } = await retry.answer(() => api.show(id));
    if (state === "ready" || state === "completed") return pages;
    if (state === "superseded" || state === "expired") throw SUPERSEDED;
    await sleep(clock, ASK_AGAIN_MS, signal);
    if (signal.aborted) throw new SealdeskError("closed", "The connection was closed.");
  }
}

function recordOf(bytes: Uint8Array): PartDeps["record"] {
  const read = z.safeParse(exportRecord, JSON.parse(fromUtf8(bytes)));
  if (read.success) return read.data;
  throw new SealdeskError("invalid_response", "The server's record of the person is not valid.");
}

/** Writes the next part. An attachment that cannot be had is left out. */
async function writePart(
  deps: PartDeps,
  target: ExportTarget,
  before: CopyProgress,
): Promise<CopyProgress> {
  for (let from = before; ;) {
    const writer = new PartWriter(deps, from);
    try {
      const part = await target.writePart(from.parts.length + 1, writer.content());
      return { ...writer.after, parts: [...from.parts, part] };
    } catch (error) {
      if (writer.missing === undefined) throw error;
      from = { ...from, missing: [...from.missing, writer.missing] };
    }
  }
}
