import { randomBytes } from "node:crypto";
import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import type { Dialect } from "./relay-connection.ts";
import { BODY_BYTES, type SocketIoLinkSpec } from "./party.ts";

/** Packet types of Engine.IO (protocol 4), and of Socket.IO (protocol 5) in its messages. */
const OPEN = "0";
const PING = "2";
const PONG = "3";
const CONNECT = "40";
const EVENT = "42";
const ACK = "43";
/** The number in the answer to joining. Messages begin at 1. */
const JOIN = 0;

/**
 * Socket.IO by hand, over a WebSocket from the start. A message's number is its packet's id, which
 * the acknowledgement names. The message also contains it, for the delivery.
 */
export function socketIoDialect({ conversation }: SocketIoLinkSpec): Dialect {
  const key = Buffer.from(uuidToBytes(conversation)).toString("latin1");
  return {
    path: "/socket.io/?EIO=4&transport=websocket",
    hello: () => CONNECT,
    read(frame, events, say) {
      const text = frame.toString();
      if (text.startsWith(EVENT)) {
        events.delivered(key, deliveredId(text));
        return false;
      }
      if (text.startsWith(ACK)) {
        const id = Number.parseInt(text.slice(ACK.length), 10);
        if (id === JOIN) return true;
        events.accepted(key, id);
        return false;
      }
      if (text.startsWith(CONNECT)) say(`${EVENT}${JOIN}${JSON.stringify(["join", conversation])}`);
      else if (text === PING) say(PONG);
      else if (!text.startsWith(OPEN)) throw new Error(`the relay answered: ${text}`);
      return false;
    },
    writer() {
      const body = randomBytes(BODY_BYTES).toString("base64");
      let id = JOIN;
      return () => `${EVENT}${++id}${JSON.stringify(["message", { conversation, id, body }])}`;
    },
  };
}

function deliveredId(text: string): number {
  const [, { id }] = JSON.parse(text.slice(EVENT.length)) as [string, { id: number }];
  return id;
}
