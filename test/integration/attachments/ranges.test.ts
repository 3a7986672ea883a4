/** A member downloads a part of an attachment. */
import { randomBytes } from "node:crypto";
import { bytesOf, startAttachmentServer, type AttachmentServer } from "./attachment-server.ts";
import { uploaded } from "./device-requests.ts";

const data = randomBytes(200_000);
let started: AttachmentServer;
let path: string;
beforeAll(async () => {
  started = await startAttachmentServer();
  const { server, customer, conversation } = started;
  path = await uploaded(server, customer, conversation, Uint8Array.from(data));
});
afterAll(() => started.close());

test.each([
  ["bytes=0-0", 0, 1],
  ["bytes=100000-", 100_000, 200_000],
  ["bytes=65530-131080", 65_530, 131_081],
  ["bytes=-5", 199_995, 200_000],
  ["bytes=199999-900000", 199_999, 200_000],
])("the range %s is answered with 206", async (range, from, until) => {
  const reply = await started.get(started.agent, path, range);
  expect(reply.status).toBe(206);
  expect(reply.headers.get("content-range")).toBe(`bytes ${from}-${until - 1}/200000`);
  expect((await bytesOf(reply)).equals(data.subarray(from, until))).toBe(true);
});

test("a range past the end is answered with 416, and one in another unit with all bytes", async () => {
  const past = await started.get(started.agent, path, "bytes=200000-");
  expect([past.status, past.headers.get("content-range")]).toEqual([416, "bytes */200000"]);
  const whole = await started.get(started.agent, path, "pages=1-2");
  expect([whole.status, (await bytesOf(whole)).length]).toEqual([200, 200_000]);
});
