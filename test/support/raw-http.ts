import { connect, type Socket } from "node:net";

/** What a server answered on a connection that a test writes to byte by byte. */
export interface RawAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** A connection to an HTTP server on which a test writes whatever it likes. */
export class RawConnection {
  readonly socket: Socket;
  readonly closed: Promise<void>;
  #received = "";
  #isClosed = false;
  #waiting: (() => void)[] = [];

  constructor(url: string) {
    const { hostname, port } = new URL(url);
    this.socket = connect(Number(port), hostname);
    this.socket.setEncoding("latin1");
    this.socket.on("error", () => undefined);
    this.socket.on("data", (piece) => {
      this.#received += String(piece);
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once("close", () => {
        this.#isClosed = true;
        this.#wake();
        resolve();
      });
    });
  }

  /** Writes a request line and headers, and what of the body is given. */
  request(line: string, headers: Readonly<Record<string, string | number>> = {}, body = ""): this {
    const fields = Object.entries({ Host: "test", ...headers }).map(
      ([name, value]) => `${name}: ${value}\r\n`,
    );
    return this.write(`${line} HTTP/1.1\r\n${fields.join("")}\r\n${body}`);
  }

  write(data: string | Uint8Array): this {
    this.socket.write(data);
    return this;
  }

  /**
   * The next answer, which must have a length or no body.
   * @param isToHead true if it answers HEAD, so that no body follows
   */
  async answer(isToHead = false): Promise<RawAnswer> {
    for (;;) {
      const end = this.#received.indexOf("\r\n\r\n");
      if (end !== -1) {
        const [first = "", ...fields] = this.#received.slice(0, end).split("\r\n");
        const headers = new Map(
          fields.map((field): [string, string] => {
            const colon = field.indexOf(":");
            return [field.slice(0, colon).toLowerCase(), field.slice(colon + 1).trim()];
          }),
        );
        const length = isToHead ? 0 : Number(headers.get("content-length") ?? 0);
        const from = end + 4;
        if (this.#received.length >= from + length) {
          const body = this.#received.slice(from, from + length);
          this.#received = this.#received.slice(from + length);
          return { status: Number(first.split(" ")[1]), headers, body };
        }
      }
      if (this.#isClosed) throw new Error(`closed without an answer: ${this.#received}`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** The next answer's status and problem code. */
  async refusal(): Promise<readonly [status: number, code: string]> {
    const { status, body } = await this.answer();
    return [status, (JSON.parse(body) as { code: string }).code];
  }

  close(): void {
    this.socket.destroy();
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
