import { execFile, fork, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { io, type Socket } from "socket.io-client";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

const run = promisify(execFile);
const dist = (path: string) => fileURLToPath(new URL(`../../../dist/${path}`, import.meta.url));

let database: TestDatabase;
let server: ChildProcess;
let url: string;
const clients: Socket[] = [];

async function join(conversation: string): Promise<Socket> {
  const client = io(url, { transports: ["websocket"] });
  clients.push(client);
  await client.emitWithAck("join", conversation);
  return client;
}

beforeAll(async () => {
  database = await createTestDatabase();
  server = fork(dist("tools/bench/servers/socket-io-server.js"), {
    env: { PATH: process.env["PATH"], SOCKET_IO_DATABASE_URL: database.ownerUrl },
  });
  const [{ port }] = (await once(server, "message")) as [{ port: number }];
  url = `http://127.0.0.1:${port}`;
});

afterAll(async () => {
  for (const client of clients) client.disconnect();
  const ended = once(server, "exit");
  server.disconnect();
  await ended;
  await database.drop();
});

// Else it would be measured for something that it does not do.
test("the Socket.IO peer has stored a message when it acknowledges it, and then delivers it once", async () => {
  const conversation = randomUUID();
  const [sender, receiver, stranger] = await Promise.all([
    join(conversation),
    join(conversation),
    join(randomUUID()),
  ]);
  const received: unknown[] = [];
  const strangers: unknown[] = [];
  receiver.on("message", (message) => received.push(message));
  sender.on("message", (message) => received.push(message));
  stranger.on("message", (message) => strangers.push(message));
  for (const id of [1, 2]) {
    const message = { conversation, id, body: `body ${id}` };
    const arrived = new Promise((resolve) => receiver.once("message", resolve));
    const { seq } = (await sender.emitWithAck("message", message)) as { seq: string };
    const { rows } = await database.owner.query(
      "select conversation, client_message_id, body from socket_io.messages where seq = $1",
      [seq],
    );
    expect(rows).toEqual([{ conversation, client_message_id: String(id), body: `body ${id}` }]);
    expect(await arrived).toEqual({ ...message, seq });
  }
  expect(received).toHaveLength(2);
  expect(strangers).toEqual([]);
});

test("peers names the missing package and starts no server if ejabberd is not installed", async () => {
  const refused = run(process.execPath, [dist("tools/bench/main.js"), "peers", "--quick"], {
    env: { PATH: "/nonexistent" },
  });
  await expect(refused).rejects.toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(
      /^peer_missing: .*apt-get install ejabberd erlang-p1-pgsql.*--without ejabberd/,
    ) as string,
  });
});
