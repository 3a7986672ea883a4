import { createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** A receiver of syslog over TCP, as rsyslog is one: it reads each connection to its end, and then ends it. */
export class SyslogReceiver {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** What was received, in order. */
  readonly messages: string[] = [];
  /** Resets each connection after so many bytes, and keeps the whole messages that came before. */
  breaksAfterBytes = Number.POSITIVE_INFINITY;

  /** Reads to the end and does not end the connection, so the sender cannot know that it was read. */
  isSilent = false;

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#receive(socket));
  }

  /** @param port 0 selects a free port */
  static async listen(port = 0): Promise<SyslogReceiver> {
    const receiver = new SyslogReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(port, "127.0.0.1", resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #receive(socket: Socket): void {
    let bytes = Buffer.alloc(0);
    this.#sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
    socket.on("data", (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (bytes.length < this.breaksAfterBytes || socket.destroyed) return;
      this.messages.push(...framesIn(bytes));
      socket.resetAndDestroy();
    });
    socket.on("end", () => {
      if (socket.destroyed) return;
      this.messages.push(...framesIn(bytes));
      if (!this.isSilent) socket.end();
    });
  }
}

/** The whole messages that are framed by their length (RFC 6587 section 3.4.1). */
function framesIn(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; ;) {
    const space = bytes.indexOf(" ", at);
    const end = space + 1 + Number(bytes.subarray(at, space).toString());
    if (space < 0 || end > bytes.length) return found;
    found.push(bytes.subarray(space + 1, end).toString());
    at = end;
  }
}
