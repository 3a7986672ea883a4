/** One upload whose requests reach two nodes, one after the other and at the same time. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestNode, type TestServer } from "../../support/server.ts";
import { begin, send } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let folder: string;
let server: TestServer;
let other: TestNode;
let customer: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-two-nodes-"));
  server = await startTestServer({ attachments: { kind: "directory", folder } });
  other = await server.startNode();
  customer = await customerDevice(server);
  conversation = await createConversation(customer, [await staffDevice(server)]);
});
afterAll(async () => {
  await other.close();
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** A request that reaches the node at `url`, which knows itself by the server's public URL. */
const append = (
  url: string,
  path: string,
  offset: number,
  body: Uint8Array | ReadableStream<Uint8Array>,
) =>
  fetch(url + path, {
    method: "PATCH",
    headers: {
      "tus-resumable": "1.0.0",
      authorization: `DPoP ${customer.token}`,
      dpop: customer.proof("PATCH", path, { token: customer.token }),
      "upload-offset": String(offset),
      "content-type": "application/offset+octet-stream",
    },
    body,
    duplex: "half",
  });
const offset = async (path: string) =>
  Number((await send(server, customer, "HEAD", path)).headers.get("upload-offset"));
const downloaded = async (path: string) =>
  Buffer.from(await (await send(server, customer, "GET", path)).arrayBuffer());

test("each node continues within a chunk where the other stopped", async () => {
  const bytes = randomBytes(300_000);
  const { path } = await begin(server, customer, conversation, bytes.length);
  let at = 0;
  for (const [index, size] of [1, 65_535, 1, 70_000, 100_000, 64_463].entries()) {
    const url = index % 2 === 0 ? server.url : other.url;
    const reply = await append(url, path, at, bytes.subarray(at, at + size));
    expect(reply.status).toBe(204);
    at += size;
    expect(await offset(path)).toBe(at);
  }
  expect(at).toBe(bytes.length);
  expect((await downloaded(path)).equals(bytes)).toBe(true);
});

test("one of two requests for one place must look again, and the other's bytes are kept", async () => {
  const bytes = randomBytes(200_000);
  const { path } = await begin(server, customer, conversation, bytes.length);
  // The first is held in its middle until the second is done.
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const slow = new ReadableStream<Uint8Array>({
    async start(controller) {
      controller.enqueue(bytes.subarray(0, 80_000));
      await held;
      controller.enqueue(bytes.subarray(80_000, 90_000));
      controller.close();
    },
  });
  const first = append(other.url, path, 0, slow);
  expect((await append(server.url, path, 0, bytes.subarray(0, 150_000))).status).toBe(204);
  release();
  const late = await first;
  expect([late.status, ((await late.json()) as { code: string }).code]).toEqual([409, "contended"]);
  expect(await offset(path)).toBe(150_000);
  expect((await append(other.url, path, 150_000, bytes.subarray(150_000))).status).toBe(204);
  expect((await downloaded(path)).equals(bytes)).toBe(true);
});

test("the node that completes an upload finds bytes that were altered meanwhile", async () => {
  const bytes = randomBytes(100_000);
  const { path } = await begin(server, customer, conversation, bytes.length);
  expect((await append(server.url, path, 0, bytes.subarray(0, 70_000))).status).toBe(204);
  const id = path.slice(-36);
  const part = join(folder, id.slice(-2), `${id}.part`);
  const stored = await readFile(part);
  stored[500]! ^= 1;
  await writeFile(part, stored);
  const reply = await append(other.url, path, 70_000, bytes.subarray(70_000));
  expect([reply.status, ((await reply.json()) as { code: string }).code]).toEqual([
    410,
    "attachment_damaged",
  ]);
  // It is no attachment, and the device is told to begin again.
  expect((await send(server, customer, "GET", path)).status).toBe(404);
  expect((await send(server, customer, "HEAD", path)).status).toBe(410);
  expect((await send(server, customer, "DELETE", path)).status).toBe(204);
  expect((await begin(server, customer, conversation, bytes.length, id)).reply.status).toBe(201);
});
