/** One server-sent event. The name is "message" if the stream gives none. */
export interface StreamEvent {
  readonly name: string;
  readonly data: string;
}

/** The longest line that the relay writes: a frame of 512 KiB in base64, with its field name. */
const maxLineLength = 1024 * 1024;

/**
 * Parses a stream of server-sent events that arrives in pieces of any size (WHATWG HTML section
 * 9.2). It supports what the relay writes: `event`, `data` of one line, and comments.
 */
export class EventStreamParser {
  readonly #decoder = new TextDecoder();
  #rest = "";
  #name = "message";
  #data: string | undefined;

  /** @throws RangeError if a line is longer than any of the relay's */
  push(piece: Uint8Array): StreamEvent[] {
    const lines = (this.#rest + this.#decoder.decode(piece, { stream: true })).split(/\r?\n/);
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > maxLineLength) throw new RangeError("a line without an end");
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  #line(line: string): StreamEvent | undefined {
    if (line === "") {
      const ended = this.#data === undefined ? undefined : { name: this.#name, data: this.#data };
      this.#data = undefined;
      this.#name = "message";
      return ended;
    }
    const colon = line.indexOf(":");
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.#name = value;
    if (field === "data") this.#data = value;
    return undefined;
  }
}
