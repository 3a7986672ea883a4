import type { IncomingMessage, ServerResponse } from "node:http";
import type { HeldBytes, Hold, Sender } from "../../held-bytes.ts";
import { HttpError } from "../http-error.ts";
import type { BodyLimit } from "../../limits.ts";
import { continueRequest } from "./expectation.ts";

/** The cost of a body besides its bytes: the request, its headers and its socket. */
const BYTES_PER_BODY = 2 * 1024;
const SMALLEST_BUFFER = 1024;
const RETRY_SENDER_SECONDS = 2;

export interface BodyReaderDeps {
  readonly heldBytes: HeldBytes;
  /** The longest that any body is waited for, in milliseconds. */
  readonly mostMs: number;
}

/** One request's body. Nothing of it is read before `whole` or `pieces` is called. */
export interface Body {
  /**
   * Checks what the headers say of the body.
   * @throws HttpError unsupported_media_type, body_too_large
   */
  assertFits(limit: BodyLimit): void;
  /**
   * Reads all of it. It is empty if the request has none.
   * @throws HttpError unsupported_media_type: it is compressed; body_too_large, body_too_late,
   *   invalid_request: it did not come whole; rate_limited, overloaded: too many bytes of unfinished
   *   bodies are in memory
   */
  whole(limit: BodyLimit, sender: Sender): Promise<Buffer>;
  /**
   * Passes it on piece by piece. Throws like `whole`, at the first piece or later, and the reason of
   * `use.stop` when that is aborted.
   */
  pieces(limit: BodyLimit, sender: Sender, use: PiecesUse): AsyncGenerator<Buffer, void, undefined>;
}

/** The use of a body's pieces. */
export interface PiecesUse {
  /** The largest number of bytes that are in memory while the pieces are used. */
  readonly bytes: number;
  readonly stop: AbortSignal;
}

/** Gives access to the body of a request. */
export function bodyOf(
  request: IncomingMessage,
  response: ServerResponse,
  { heldBytes, mostMs }: BodyReaderDeps,
): Body {
  const within = ({ withinMs }: BodyLimit) => Math.min(withinMs, mostMs);
  return {
    assertFits: (limit) => void announcedBytes(request, limit),

    async whole(limit, sender) {
      const announced = announcedBytes(request, limit);
      if (announced === 0) return Buffer.alloc(0);
      const hold = heldBytes.open(sender);
      reserve(hold, BYTES_PER_BODY + (announced ?? limit.bytes));
      try {
        continueRequest(request, response);
        return await collect(request, announced ?? limit.bytes, within(limit));
      } finally {
        hold.release();
      }
    },

    async *pieces(limit, sender, { bytes, stop }) {
      if (announcedBytes(request, limit) === 0) return;
      const hold = heldBytes.open(sender);
      reserve(hold, BYTES_PER_BODY + bytes);
      try {
        continueRequest(request, response);
        yield* passOn(request, { bytes: limit.bytes, withinMs: within(limit) }, stop);
      } finally {
        hold.release();
      }
    },
  };
}

/**
 * Returns the length of the body by its headers, or undefined if they do not tell (chunked).
 * @throws HttpError unsupported_media_type, body_too_large
 */
function announcedBytes({ headers }: IncomingMessage, { bytes }: BodyLimit): number | undefined {
  // A compressed body would do work, and fill memory, beyond the bytes that were sent.
  if ((headers["content-encoding"] ?? "identity").toLowerCase() !== "identity")
    throw new HttpError("unsupported_media_type", "Send the body as it is, not compressed.");
  if (headers["transfer-encoding"] !== undefined) return undefined;
  const announced = Number(headers["content-length"] ?? 0);
  if (announced > bytes) throw tooLarge(bytes);
  return announced;
}

function reserve(hold: Hold, bytes: number): void {
  switch (hold.grow(bytes)) {
    case undefined:
      return;
    case "sender":
      throw new HttpError("rate_limited", "Too many unfinished requests; finish those first.", {
        retryAfterSeconds: RETRY_SENDER_SECONDS,
      });
    case "everybody":
      throw new HttpError("overloaded", "The server has too many unfinished requests.");
  }
}

/**
 * Copies a body of at most `most` bytes into one buffer. Pieces as small as a byte must not cost
 * more than their bytes.
 */
function collect(request: IncomingMessage, most: number, ms: number): Promise<Buffer> {
  // The connection closed during authentication. It emits no further `close`.
  if (request.destroyed && !request.readableEnded) return Promise.reject(notWhole());
  return new Promise((resolve, reject) => {
    let buffer = Buffer.allocUnsafe(Math.min(most, SMALLEST_BUFFER));
    let length = 0;
    const settle = (act: () => void) => {
      clearTimeout(late);
      request.off("data", onData).off("end", onEnd).off("close", onClose);
      act();
    };
    const refuse = (error: HttpError) =>
      settle(() => {
        // Throws the remaining bytes away; see `discardRest`.
        request.resume();
        reject(error);
      });
    const onData = (piece: Buffer) => {
      if (length + piece.length > most) return refuse(tooLarge(most));
      if (length + piece.length > buffer.length) {
        const larger = Buffer.allocUnsafe(
          Math.min(most, Math.max(2 * buffer.length, length + piece.length)),
        );
        buffer.copy(larger, 0, 0, length);
        buffer = larger;
      }
      piece.copy(buffer, length);
      length += piece.length;
    };
    const onEnd = () => settle(() => resolve(buffer.subarray(0, length)));
    const onClose = () => refuse(notWhole());
    const late = setTimeout(() => refuse(tooLate()), ms);
    request.on("data", onData).on("end", onEnd).on("close", onClose);
  });
}

/** Passes pieces on and takes the next one when the one before is used. */
async function* passOn(
  request: IncomingMessage,
  { bytes: most, withinMs }: BodyLimit,
  stop: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  // The stream is not destroyed, so that a refusal can still be answered.
  const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  let length = 0;
  try {
    for (;;) {
      const next = await nextWithin(pieces, withinMs, stop);
      if (next.done === true) return;
      length += next.value.length;
      if (length > most) throw tooLarge(most);
      yield next.value;
    }
  } finally {
    // This is not awaited, because it waits for the piece that is late.
    void pieces.return?.().then(() => request.resume());
  }
}

async function nextWithin(
  pieces: AsyncIterableIterator<Buffer>,
  ms: number,
  stop: AbortSignal,
): Promise<IteratorResult<Buffer>> {
  stop.throwIfAborted();
  let over: () => void = () => undefined;
  const late = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(tooLate()), ms);
    const onStop = () => reject(stop.reason as Error);
    stop.addEventListener("abort", onStop);
    over = () => {
      clearTimeout(timer);
      stop.removeEventListener("abort", onStop);
    };
  });
  const next = pieces.next().catch(() => {
    throw notWhole();
  });
  try {
    return await Promise.race([next, late]);
  } finally {
    over();
    // Ignores a later failure, which no caller waits for any more.
    next.catch(() => undefined);
  }
}

const tooLarge = (bytes: number): HttpError =>
  new HttpError(
    "body_too_large",
    bytes === 0 ? "This request takes no body." : `The body has at most ${bytes} bytes.`,
  );

const tooLate = (): HttpError =>
  new HttpError("body_too_late", "The body did not come whole in time.");

const notWhole = (): HttpError => new HttpError("invalid_request", "The body did not come whole.");
