/** What a file to send may be given as. */
export type AttachmentData = AsyncIterable<Uint8Array> | Blob;

/** The pieces of a stream; not every browser's can be iterated. Breaking off cancels it. */
export async function* piecesOf(
  stream: ReadableStream<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

export const dataPieces = (data: AttachmentData): AsyncIterable<Uint8Array> =>
  Symbol.asyncIterator in data ? data : piecesOf(data.stream());
