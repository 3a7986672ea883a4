/**
 * The server that a team would write on Socket.IO: a room for each conversation, one INSERT for
 * each message, then the acknowledgement and the room. It is as fast as such a server can be: its
 * statement is prepared, its pool has the ten default connections of `pg`, and it uses only
 * WebSockets without compression.
 */
import { createServer } from "node:http";
import pg from "pg";
import { Server } from "socket.io";

interface Message {
  readonly conversation: string;
  /** The sender's own number for the message. */
  readonly id: number;
  /**
   * Ciphertext in base64, because one text frame is cheaper here than an event with a binary part.
   */
  readonly body: string;
}

const SCHEMA = `
  create schema socket_io;
  create table socket_io.messages (seq bigint generated always as identity primary key,
    conversation uuid not null, client_message_id bigint not null, body text not null,
    sent_at timestamptz not null default now());
  create index on socket_io.messages (conversation, seq);`;
const INSERT = `insert into socket_io.messages (conversation, client_message_id, body)
  values ($1, $2, $3) returning seq`;

const pool = new pg.Pool({ connectionString: process.env["SOCKET_IO_DATABASE_URL"] });
await pool.query(SCHEMA);

async function store({ conversation, id, body }: Message): Promise<string> {
  const values = [conversation, id, body];
  const { rows } = await pool.query<{ seq: string }>({ name: "insert", text: INSERT, values });
  const [stored] = rows;
  if (stored === undefined) throw new Error("an INSERT returned nothing");
  return stored.seq;
}

const http = createServer();
const io = new Server(http, {
  transports: ["websocket"],
  perMessageDeflate: false,
  serveClient: false,
});
io.on("connection", (socket) => {
  socket.on("join", async (conversation: string, joined: () => void) => {
    await socket.join(conversation);
    joined();
  });
  socket.on("message", async (message: Message, accepted: (stored: { seq: string }) => void) => {
    const seq = await store(message);
    accepted({ seq });
    socket.to(message.conversation).emit("message", { ...message, seq });
  });
});
http.listen(0, "127.0.0.1", () => {
  const address = http.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
process.on("disconnect", () => process.exit(0));
