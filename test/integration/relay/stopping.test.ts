import { once } from "node:events";
import { WebSocket } from "ws";
import type { Send } from "../../../crypto/wire/frame.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import { drainAll } from "../../../server/socket/drain.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation, messageTo, RelaySocket } from "../../support/relay-socket.ts";
import { startSecondNode } from "../../support/second-node.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(async () => {
  await server.close();
});

interface Talker {
  readonly device: TestDevice;
  readonly conversation: ConversationId;
  readonly sent: Map<string, Send>;
}

/** Keeps `depth` messages on their way until the socket closes. @returns ids that were accepted */
async function talk(socket: RelaySocket, talker: Talker, agent: TestDevice, depth: number) {
  const accepted = new Set<string>();
  const line = async () => {
    for (;;) {
      const send = messageTo(talker.conversation, [agent]);
      talker.sent.set(send.clientMessageId, send);
      const answer = await Promise.race([socket.post(send), socket.closed]);
      if (typeof answer === "number") break;
      if ("seq" in answer) accepted.add(send.clientMessageId);
      else throw new Error(answer.code);
    }
  };
  await Promise.all(Array.from({ length: depth }, line));
  for (const frame of socket.pending())
    if (frame.kind === "accepted") accepted.add(frame.body.clientMessageId);
  return accepted;
}

async function storedIds(conversation: ConversationId): Promise<Set<string>> {
  const { rows } = await server.database.owner.query<{ id: string }>(
    "select client_message_id as id from sealdesk.events where conversation = $1 and kind = 1",
    [conversation],
  );
  return new Set(rows.map(({ id }) => id));
}

test("a process told to stop answers every message it stored; devices come back", async () => {
  const agent = await staffDevice(server);
  const talkers: Talker[] = [];
  for (let index = 0; index < 30; index++) {
    const device = await customerDevice(server);
    const conversation = await createConversation(device, [agent]);
    talkers.push({ device, conversation, sent: new Map() });
  }
  const node = await startSecondNode(server);
  const sockets = await Promise.all(
    talkers.map(({ device }) => RelaySocket.open(node.server, device)),
  );
  const talking = talkers.map((talker, index) =>
    talk(sockets[index] as RelaySocket, talker, agent, 8),
  );
  while (talkers.some(({ sent }) => sent.size < 20)) await new Promise(setImmediate);

  const exit = node.terminate();
  const codes = await Promise.all(sockets.map(({ closed }) => closed));
  const accepted = await Promise.all(talking);
  expect(new Set(codes)).toEqual(new Set([3001]));
  expect(await exit).toBe(0);
  let unanswered = 0;
  for (const [index, talker] of talkers.entries()) {
    expect(accepted[index]).toEqual(await storedIds(talker.conversation));
    unanswered += talker.sent.size - (accepted[index]?.size ?? 0);
  }
  // Otherwise nothing was on its way, and the test has shown nothing.
  expect(unanswered).toBeGreaterThan(0);

  const next = await startSecondNode(server, Number(new URL(node.server.url).port));
  for (const { device, sent, conversation } of talkers) {
    const socket = await RelaySocket.open(next.server, device);
    const answers = await Promise.all([...sent.values()].map((send) => socket.post(send)));
    expect(answers.every((answer) => "seq" in answer)).toBe(true);
    expect((await storedIds(conversation)).size).toBe(sent.size);
    await socket.close();
  }
  expect(await next.terminate()).toBe(0);
}, 60_000);

test("a server that stops sends sockets away, and closes those before hello as well", async () => {
  const stopping = await startTestServer({}, { drainBatchEveryMs: 100 });
  const sockets = await Promise.all(Array.from({ length: 45 }, () => RelaySocket.dial(stopping)));
  const closed = stopping.close();
  const late = new WebSocket(`${stopping.url.replace("http", "ws")}/v1/relay`, "sealdesk.v1");
  // What comes when the server does not listen any more is refused by the network.
  late.on("error", () => undefined);
  const [code] = (await once(late, "close")) as [number];
  expect([3001, 1006]).toContain(code);
  expect(new Set(await Promise.all(sockets.map((socket) => socket.closed)))).toEqual(
    new Set([3001]),
  );
  await closed;
});

test("closes batches of twenty, or of as many as the time asks for", async () => {
  const batches = async (count: number, drainMs: number) => {
    const sizes: number[] = [];
    let open = false;
    const connections = Array.from({ length: count }, () => ({
      drain: () => {
        // A batch is told to go within one turn, whatever the clock says.
        if (!open) {
          sizes.push(0);
          open = true;
          queueMicrotask(() => (open = false));
        }
        sizes.push((sizes.pop() ?? 0) + 1);
        return Promise.resolve();
      },
    }));
    await drainAll(new Set(connections), { drainMs, drainBatchEveryMs: 20 });
    return sizes;
  };
  expect(await batches(50, 25_000)).toEqual([20, 20, 10]);
  expect(await batches(3_000, 120)).toEqual([1_000, 1_000, 1_000]);
});

test("a connection that never gets its answers does not hold up the others", async () => {
  const never = { drain: () => new Promise<void>(() => undefined) };
  const done = { drain: () => Promise.resolve() };
  const began = performance.now();
  await drainAll(new Set([never, done]), { drainMs: 100, drainBatchEveryMs: 10 });
  expect(performance.now() - began).toBeGreaterThan(80);
});
