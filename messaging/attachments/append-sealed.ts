import { chunksOf, placeOf, sealedBytes } from "../../keys/at-rest/blob-layout.ts";
import { CHUNK_BYTES, type BlobSeal } from "../../keys/at-rest/blob-seal.ts";
import type { Uuid } from "../../crypto/wire/uuid.ts";
import { IncomingChunks } from "./incoming-chunks.ts";
import { CHUNKS_PER_PART, type BlobStore } from "./stores/blob-store.ts";
import { isWhole, type UploadProgress } from "./upload-progress.ts";

/** Chunks after which progress is saved while a request goes on: a crash loses no more than these. */
const CHUNKS_PER_SAVE = 4 * CHUNKS_PER_PART;

interface AppendDeps {
  readonly store: BlobStore;
  readonly seal: BlobSeal;
  /** Called when everything that it names is stored for good. @throws to end the work */
  readonly save: (progress: UploadProgress) => Promise<void>;
}

async function* all<T>(first: T, others: AsyncIterable<T>): AsyncGenerator<T, void, undefined> {
  yield first;
  yield* others;
}

/**
 * Seals what comes chunk by chunk, and stores the whole ones; the rest goes, sealed, to `save`. When
 * `data` breaks off, what came before is kept, and this throws the same.
 * @returns how far the upload has come
 * @throws KeysError seal_broken: the beginning of the next chunk is not what was kept
 */
export async function appendSealed(
  { store, seal, save }: AppendDeps,
  { id, size }: { readonly id: Uuid; readonly size: number },
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
    // The store is asked only when there is something for it.
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
