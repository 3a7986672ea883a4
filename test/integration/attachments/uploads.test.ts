/** Uploads with tus-js-client, and what members then download. */
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { Upload, type UploadOptions } from "tus-js-client";
import type { TestDevice } from "../../support/device.ts";
import type { TestServer } from "../../support/server.ts";
import {
  bytesOf,
  codeOf,
  startAttachmentServer,
  type AttachmentServer,
} from "./attachment-server.ts";
import { proving, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

let started: AttachmentServer;
let server: TestServer;
let folder: string;
let customer: TestDevice;
let agent: TestDevice;
let conversation: ConversationId;
beforeAll(async () => {
  started = await startAttachmentServer();
  ({ server, folder, customer, agent, conversation } = started);
});
afterAll(() => started.close());

/** Runs one of tus-js-client's uploads to its end. */
function tusUpload(data: Buffer, options: UploadOptions): Promise<Upload> {
  return new Promise((resolve, reject) => {
    const upload: Upload = new Upload(data, {
      endpoint: `${server.url}/v1/attachments`,
      metadata: { conversation },
      retryDelays: [],
      onBeforeRequest: proving(server, customer),
      onSuccess: () => resolve(upload),
      onError: reject,
      ...options,
    });
    upload.start();
  });
}

test("tus-js-client uploads a file, and members download the same bytes", async () => {
  const data = randomBytes(700_000);
  const upload = await tusUpload(data, { chunkSize: 200_000 });
  const path = upload.url!.slice(server.url.length);
  for (const member of [customer, agent]) {
    const reply = await started.get(member, path);
    expect(reply.status).toBe(200);
    expect(reply.headers.get("content-type")).toBe("application/octet-stream");
    expect((await bytesOf(reply)).equals(data)).toBe(true);
    const digest = createHash("sha256").update(data).digest("base64");
    expect(reply.headers.get("repr-digest")).toBe(`sha-256=:${digest}:`);
  }
});

test("tus-js-client continues an upload that was cut off", async () => {
  const data = randomBytes(8_000_000);
  let sent = 0;
  const url = await new Promise<string>((resolve, reject) => {
    const upload: Upload = new Upload(data, {
      endpoint: `${server.url}/v1/attachments`,
      metadata: { conversation, id: randomUUID() },
      chunkSize: 3_000_000,
      onBeforeRequest: proving(server, customer),
      onChunkComplete: (_size, accepted) => {
        sent = accepted;
      },
      onProgress: (bytes) => {
        // In the middle of the second request.
        if (sent === 0 || bytes <= sent) return;
        void upload.abort().then(() => resolve(upload.url!), reject);
      },
      onError: reject,
    });
    upload.start();
  });
  expect(sent).toBe(3_000_000);

  const offsets: string[] = [];
  const resumed = await tusUpload(data, {
    uploadUrl: url,
    onBeforeRequest(request) {
      proving(server, customer)(request);
      const offset = request.getHeader("Upload-Offset");
      if (offset !== undefined) offsets.push(offset);
    },
  });
  expect(Number(offsets[0])).toBeGreaterThanOrEqual(sent);
  const reply = await started.get(agent, resumed.url!.slice(server.url.length));
  expect(
    createHash("sha256")
      .update(await bytesOf(reply))
      .digest("hex"),
  ).toBe(createHash("sha256").update(data).digest("hex"));
});

test("tus-js-client removes an upload", async () => {
  const upload = await tusUpload(randomBytes(1_000), {});
  const path = upload.url!.slice(server.url.length);
  await upload.abort(true);
  expect(await codeOf(await started.get(customer, path))).toEqual([404, "attachment_not_found"]);
  expect((await started.files()).filter((name) => path.endsWith(name.slice(3)))).toEqual([]);
});

test("an upload that lacks only its completion after a crash is completed by the next request", async () => {
  const data = Uint8Array.from(randomBytes(500));
  const path = await uploaded(server, customer, conversation, data);
  const id = path.slice(-36);
  await server.database.owner.query(
    "update sealdesk.attachments set state = 'uploading', sha256 = null, seq = null where id = $1",
    [id],
  );
  const file = join(folder, id.slice(-2), id);
  await rename(file, `${file}.part`);
  expect((await send(server, customer, "HEAD", path)).headers.get("upload-offset")).toBe("500");
  const reply = await started.get(customer, path);
  expect(await bytesOf(reply)).toEqual(Buffer.from(data));
  const digest = createHash("sha256").update(data).digest("base64");
  expect(reply.headers.get("repr-digest")).toBe(`sha-256=:${digest}:`);
});
