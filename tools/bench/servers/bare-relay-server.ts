/**
 * The lower limit that Sealdesk is compared with, in its own process: a relay without identity,
 * policy, hashes or tags. With BARE_DATABASE_URL it stores messages before it answers. Without it,
 * it stores nothing.
 */
import type { Socket } from "node:net";
import { WebSocketServer, type WebSocket } from "ws";
import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import { bare, BODY_AT, cursorsIn, ID_AT, keyAt, SEQ_AT } from "../load/bare-format.ts";
import { BareStore } from "./bare-store.ts";

/** One device's connection. Frames of one turn of the event loop are sent together. */
interface Peer {
  readonly send: (frame: Buffer) => void;
}

interface Conversation {
  head: number;
  readonly sockets: Set<Peer>;
}

const url = process.env["BARE_DATABASE_URL"];
const store = url === undefined ? undefined : await BareStore.open(url);
const conversations = new Map<string, Conversation>();

function conversationOf(key: string): Conversation {
  let found = conversations.get(key);
  if (found === undefined) conversations.set(key, (found = { head: 0, sockets: new Set() }));
  return found;
}

/** Follows the named conversations, and reads what came after the cursor. */
async function greet(socket: Peer, hello: Buffer): Promise<void> {
  for (const [key, cursor] of cursorsIn(hello, 5)) {
    const conversation = conversationOf(key);
    conversation.sockets.add(socket);
    if (store === undefined || cursor === conversation.head) continue;
    for (const { seq, client_message_id: id, body } of await store.read(key, cursor)) {
      const frame = Buffer.allocUnsafe(BODY_AT + body.length);
      frame[0] = bare.deliver;
      frame.write(key, 1, "latin1");
      frame.writeUIntBE(Number(seq), SEQ_AT, 6);
      frame.set(uuidToBytes(id), ID_AT);
      frame.set(body, BODY_AT);
      socket.send(frame);
    }
  }
  socket.send(Buffer.from([bare.synced]));
}

/** Sends the received frame on, with its type and number changed. */
function post(socket: Peer, device: number, frame: Buffer): void {
  const conversation = conversationOf(keyAt(frame, 1));
  const seq = ++conversation.head;
  const publish = () => {
    frame.writeUIntBE(seq, SEQ_AT, 6);
    frame[0] = bare.deliver;
    for (const other of conversation.sockets) if (other !== socket) other.send(frame);
    const accepted = Buffer.from(frame.subarray(0, BODY_AT));
    accepted[0] = bare.accepted;
    socket.send(accepted);
  };
  if (store === undefined) publish();
  else store.push({ seq, device, frame, onStored: publish });
}

function peerOf(socket: WebSocket, raw: Socket): Peer {
  return {
    send(frame) {
      if (raw.writableCorked === 0) {
        raw.cork();
        process.nextTick(() => raw.uncork());
      }
      socket.send(frame);
    },
  };
}

const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket, request) => {
  const peer = peerOf(socket, request.socket);
  let device = 0;
  const followed: Conversation[] = [];
  socket.on("message", (data) => {
    const frame = data as Buffer;
    switch (frame[0]) {
      case bare.hello:
        device = frame.readUInt32BE(1);
        for (const [key] of cursorsIn(frame, 5)) followed.push(conversationOf(key));
        void greet(peer, frame);
        break;
      case bare.send:
        post(peer, device, frame);
        break;
      case bare.ack:
        for (const [key, seq] of cursorsIn(frame, 1)) store?.acknowledge(key, device, seq);
        break;
      default:
        socket.close();
    }
  });
  socket.on("close", () => {
    for (const { sockets } of followed) sockets.delete(peer);
  });
});
server.on("listening", () => {
  const address = server.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
process.on("disconnect", () => process.exit(0));
