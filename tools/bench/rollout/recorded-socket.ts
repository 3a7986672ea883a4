import type { WebSocket } from "ws";
import type { WebSocketConstructor } from "../../../client/index.ts";
import { webSocket } from "../../../client/index.node.ts";

/** The fate of one of a device's sockets. */
export interface SocketRecord {
  /** The upgrade has passed; a node lets a device in only after that. */
  opened: boolean;
  closeCode: number | undefined;
}

/** Returns the SDK's own socket for Node, and a record of each one a device opened. */
export function recordedSockets(): {
  readonly webSocket: WebSocketConstructor;
  readonly records: readonly SocketRecord[];
} {
  const records: SocketRecord[] = [];
  const base = webSocket as unknown as new (url: string, protocols: string) => WebSocket;
  class Recorded extends base {
    constructor(url: string, protocols: string) {
      super(url, protocols);
      const record: SocketRecord = { opened: false, closeCode: undefined };
      records.push(record);
      this.on("open", () => void (record.opened = true));
      this.on("close", (code) => void (record.closeCode = code));
    }
  }
  return { webSocket: Recorded as unknown as WebSocketConstructor, records };
}
