import { createParser } from "eventsource-parser";

/** One server-sent event. The name is "message" if the stream gives none. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/**
 * More than the longest event that the relay writes: a frame of 512 KiB in base64, with its field
 * name.
 */
const maxEventLength = 1024 * 1024;

/** Parses a stream of server-sent events that arrives in pieces of any size. */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #events: StreamEvent[] = [];
  readonly #parser = createParser({
    maxBufferSize: maxEventLength,
    onEvent: ({ event: name = "message", data }) => void this.#events.push({ name, data }),
    onError({ type }) {
      if (type === "max-buffer-size-exceeded") throw new RangeError("an event without an end");
    },
  });

  /** @throws RangeError if an event is longer than any of the relay's */
  push(piece: Uint8Array): StreamEvent[] {
    this.#parser.feed(this.#decoder.decode(piece, { stream: true }));
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
