import type { AttachmentId } from "../../crypto/wire/ids.ts";
import { chunksOf, placeOf, sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import { CHUNK_BYTES, type BlobSeal } from "../../keys/at-rest/blob-seal.ts";
import { IncomingChunks } from "./incoming-chunks.ts";
import { CHUNKS_PER_PART, type BlobStore } from "./stores/blob-store.ts";
import { isWhole, type UploadProgress } from "./upload-progress.ts";

/**
 * Number of chunks after which a running request saves its progress. A crash loses no more than
 * these.
 */
const CHUNKS_PER_SAVE = 4 * CHUNKS_PER_PART;

interface AppendDeps {
  readonly store: BlobStore;
  readonly seal: BlobSeal;
  /**
   * Called when everything in `progress` is stored durably.
   * @throws to stop the work
   */
  readonly save: (progress: UploadProgress) => Promise<void>;
}

async function* all<T>(first: T, others: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first;
  yield* others;
}

/**
 * Seals the data chunk by chunk and stores the full chunks. The rest is sealed and passed to
 * `save`. If `data` fails, everything before the failure is kept, and the same error is thrown.
 * @returns the progress of the upload
 * @throws KeysError seal_broken: the saved beginning of the next chunk was altered
 */
export async function appendSealed(
  { store, seal, save }: AppendDeps,
  { id, size }: { readonly id: AttachmentId; readonly size: number },
  from: UploadProgress,
  data: AsyncIterable<Uint8Array>,
): Promise<UploadProgress> {
  let { chunks } = from;
  const start =
    from.tail === undefined
      ? new Uint8Array(0)
      : seal.open({ index: chunks, kind: "unfinished" }, from.tail);
  const incoming = new IncomingChunks(start, data, size - chunks * CHUNK_BYTES);

  async function* sealedUntil(end: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (; chunks < end; chunks++) {
      const chunk = await incoming.next();
      if (chunk === undefined) return;
      yield seal.seal(placeOf(size, chunks), chunk);
    }
  }

  for (;;) {
    const end = Math.min(chunks - (chunks % CHUNKS_PER_SAVE) + CHUNKS_PER_SAVE, chunksOf(size));
    const sealed = sealedUntil(end);
    const first = await sealed.next();
    // Do not call the store without data.
    if (first.done !== true)
      await store.put(id, sealedBytes(size, chunks), all(first.value, sealed));
    const isEnd = chunks < end || isWhole(size, { chunks, tail: undefined });
    const place = { index: chunks, kind: "unfinished" } as const;
    const tail = isEnd && incoming.rest.length > 0 ? seal.seal(place, incoming.rest) : undefined;
    await save({ chunks, tail });
    incoming.assertEnd();
    if (isEnd) return { chunks, tail };
  }
}
