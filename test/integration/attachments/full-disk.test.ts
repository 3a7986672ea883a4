import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { mountSmallDisk, type SmallDisk } from "../../support/small-disk.ts";
import { begin, patch, send } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let disk: SmallDisk;
let server: TestServer;
let customer: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  disk = await mountSmallDisk();
  const folder = join(disk.folder, "attachments");
  server = await startTestServer({ attachments: { kind: "directory", folder } });
  customer = await customerDevice(server);
  conversation = await createConversation(customer, [await staffDevice(server)]);
});
afterAll(async () => {
  await server.close();
  await disk.close();
});

test("an upload waits while the disk of attachments is full, and then continues", async () => {
  const bytes = randomBytes(300_000);
  const { path } = await begin(server, customer, conversation, bytes.length);
  const half = bytes.subarray(0, 150_000);
  expect((await patch(server, customer, path, 0, half)).status).toBe(204);
  await disk.fill();
  const rest = bytes.subarray(150_000);
  const refused = await patch(server, customer, path, half.length, rest);
  expect([refused.status, refused.headers.get("retry-after"), await refused.json()]).toEqual([
    503,
    expect.stringMatching(/^\d+$/),
    expect.objectContaining({ code: "not_ready", action: "wait" }),
  ]);
  await disk.clear();
  const { headers } = await send(server, customer, "HEAD", path);
  const offset = Number(headers.get("upload-offset"));
  expect((await patch(server, customer, path, offset, bytes.subarray(offset))).status).toBe(204);
  const stored = await send(server, customer, "GET", path);
  expect(Buffer.from(await stored.arrayBuffer()).equals(bytes)).toBe(true);
});
