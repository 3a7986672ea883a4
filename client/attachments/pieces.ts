import { SealdeskError } from "../errors.ts";
import { invalidArgument } from "../arguments.ts";

/**
 * The kinds of data that you can send. A `File` is a `Blob`, and a Node stream is an iterable. Do
 * not change the bytes before the send has ended.
 */
export type AttachmentData =
  Uint8Array | ArrayBuffer | Blob | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/**
 * Yields the pieces of a stream, because not every browser can iterate over one. Breaking out of
 * the loop cancels the stream.
 */
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

/**
 * Yields the pieces of the data to send. An error from the caller's data becomes the SealdeskError
 * attachment_unreadable.
 * @throws SealdeskError invalid_argument: data of this kind cannot be sent
 */
export function dataPieces(data: AttachmentData): AsyncIterable<Uint8Array> {
  const pieces = rawPieces(data);
  if (pieces === undefined)
    throw invalidArgument(
      "file.data",
      "a Uint8Array, ArrayBuffer, Blob, File, ReadableStream or an async iterable of Uint8Array",
    );
  return readable(pieces);
}

// Check for methods and not for the class, because the data may come from another frame or worker.
function rawPieces(data: unknown): AsyncIterable<unknown> | Iterable<unknown> | undefined {
  if (isBytes(data)) return [data];
  if (tagOf(data) === "ArrayBuffer") return [new Uint8Array(data as ArrayBuffer)];
  if (typeof data !== "object" || data === null) return undefined;
  if ("getReader" in data) return piecesOf(data as ReadableStream<Uint8Array>);
  if (Symbol.asyncIterator in data) return data as AsyncIterable<unknown>;
  if (tagOf(data) === "Blob" || tagOf(data) === "File") return piecesOf((data as Blob).stream());
  return undefined;
}

async function* readable(
  pieces: AsyncIterable<unknown> | Iterable<unknown>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const read =
    Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : pieces[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await nextOf(read);
      ended = next.done === true;
      if (next.done === true) return;
      if (!isBytes(next.value))
        throw invalidArgument("file.data", "an iterable of Uint8Array alone");
      yield next.value;
    }
  } finally {
    if (!ended) await read.return?.();
  }
}

async function nextOf(
  read: AsyncIterator<unknown> | Iterator<unknown>,
): Promise<IteratorResult<unknown>> {
  try {
    return await read.next();
  } catch (cause) {
    throw new SealdeskError("attachment_unreadable", "The data to send could not be read.", {
      cause,
    });
  }
}

const tagOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);

// A Node Buffer is also a Uint8Array.
const isBytes = (value: unknown): value is Uint8Array => tagOf(value) === "Uint8Array";
