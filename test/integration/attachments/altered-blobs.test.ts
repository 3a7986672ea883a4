/** Whoever can write to the store changes what stands there: the server finds it when it is asked for it. */
import { randomBytes } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import type { Config } from "../../../server/config.ts";
import { customerDevice, staffDevice, type TestDevice } from "../../support/device.ts";
import { createConversation } from "../../support/relay-socket.ts";
import { startS3Double } from "../../support/s3-double.ts";
import { startTestServer, type TestServer } from "../../support/server.ts";
import { begin, patch, send, uploaded } from "./device-requests.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

/** The place of the blobs, as somebody has it who can write there. */
interface StoredBlobs {
  readonly attachments: Config["attachments"];
  read(id: string): Promise<Buffer>;
  write(id: string, bytes: Uint8Array): Promise<void>;
  remove(id: string): Promise<void>;
  close(): Promise<void>;
}

async function inFolder(): Promise<StoredBlobs> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-altered-"));
  const pathOf = (id: string) => join(folder, id.slice(-2), id);
  return {
    attachments: { kind: "directory", folder },
    read: (id) => readFile(pathOf(id)),
    write: (id, bytes) => writeFile(pathOf(id), bytes),
    remove: (id) => rm(pathOf(id)),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function inBucket(): Promise<StoredBlobs> {
  const double = await startS3Double();
  const credentials = { accessKeyId: "double", secretAccessKey: "double" };
  const { endpoint } = double;
  const settings = { region: "us-east-1", endpoint, credentials };
  const client = new S3Client({ ...settings, forcePathStyle: true });
  const object = (id: string) => ({ Bucket: "test", Key: `attachments/${id}` });
  return {
    attachments: { kind: "s3", bucket: "test", ...settings },
    async read(id) {
      const { Body } = await client.send(new GetObjectCommand(object(id)));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    write: async (id, bytes) =>
      void (await client.send(new PutObjectCommand({ ...object(id), Body: bytes }))),
    remove: async (id) => void (await client.send(new DeleteObjectCommand(object(id)))),
    async close() {
      client.destroy();
      await double.close();
    },
  };
}

const chunk = 65_536;
const sealedChunk = chunk + 28;

describe.each([
  ["a folder", inFolder],
  ["a bucket", inBucket],
])("in %s", (_name, open) => {
  let place: StoredBlobs;
  let server: TestServer;
  let customer: TestDevice;
  let agent: TestDevice;
  let conversation: ConversationId;
  beforeAll(async () => {
    place = await open();
    server = await startTestServer({
      attachments: place.attachments,
      metrics: { host: "127.0.0.1", port: 0 },
    });
    customer = await customerDevice(server);
    agent = await staffDevice(server);
    conversation = await createConversation(customer, [agent]);
  });
  afterAll(async () => {
    await server.close();
    await place.close();
  });

  const get = (path: string, range?: string) =>
    send(server, agent, "GET", path, range === undefined ? {} : { range });
  const upload = (bytes: Uint8Array<ArrayBuffer>) =>
    uploaded(server, customer, conversation, bytes);
  const idOf = (path: string) => path.slice(-36);
  /** What is sent of the whole: its bytes, or what stands in their place. */
  async function outcome(path: string, range?: string) {
    const reply = await get(path, range);
    if (!reply.ok) return ((await reply.json()) as { code: string }).code;
    return reply.arrayBuffer().then(
      (bytes) => Buffer.from(bytes),
      () => "cut off",
    );
  }
  const damageEntries = async (id: string) =>
    (await server.auditEntries()).filter(
      ({ action, details }) =>
        action === "attachment.damaged" && (details as { attachment: string }).attachment === id,
    );

  const flipped = (bytes: Buffer, at: number) => {
    const copy = Buffer.from(bytes);
    copy[at]! ^= 1;
    return copy;
  };
  const swapped = (bytes: Buffer) =>
    Buffer.concat([
      bytes.subarray(sealedChunk, 2 * sealedChunk),
      bytes.subarray(0, sealedChunk),
      bytes.subarray(2 * sealedChunk),
    ]);

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ["the first byte is another", (bytes) => flipped(bytes, 0)],
    ["a byte of a ciphertext is another", (bytes) => flipped(bytes, 1000)],
    ["a byte of a tag is another", (bytes) => flipped(bytes, sealedChunk - 1)],
    ["two chunks changed places", swapped],
    ["a chunk stands twice", (bytes) => Buffer.concat([bytes.subarray(0, sealedChunk), bytes])],
    ["the first chunk is gone", (bytes) => bytes.subarray(sealedChunk)],
    ["the last chunk is gone", (bytes) => bytes.subarray(0, 2 * sealedChunk)],
    ["the last byte is gone", (bytes) => bytes.subarray(0, -1)],
    ["a byte came after the end", (bytes) => Buffer.concat([bytes, randomBytes(1)])],
    ["it is empty", () => Buffer.alloc(0)],
  ])("the server serves no bytes when %s", async (_what, change) => {
    const path = await upload(randomBytes(2 * chunk + 5000));
    await place.write(idOf(path), change(await place.read(idOf(path))));
    expect(await outcome(path)).toBe("attachment_damaged");
    expect(await outcome(path, "bytes=10-20")).toBe("attachment_damaged");
    expect(await damageEntries(idOf(path))).toMatchObject([
      { actor: { kind: "system" }, outcome: "failed", resource: { id: conversation } },
    ]);
  });

  test("an attachment with a late alteration is cut off there, which is logged and counted once", async () => {
    const bytes = randomBytes(20 * chunk);
    const path = await upload(bytes);
    const id = idOf(path);
    const stored = await place.read(id);
    await place.write(id, flipped(stored, 15 * sealedChunk + 77));
    expect(await outcome(path)).toBe("cut off");
    // Before it and behind it everything is as it was sent.
    const before = await outcome(path, `bytes=0-${15 * chunk - 1}`);
    expect(bytes.subarray(0, 15 * chunk).equals(before as Buffer)).toBe(true);
    const behind = await outcome(path, `bytes=${16 * chunk}-`);
    expect(bytes.subarray(16 * chunk).equals(behind as Buffer)).toBe(true);
    expect(await outcome(path, `bytes=${15 * chunk}-${15 * chunk}`)).toBe("attachment_damaged");
    expect(await damageEntries(id)).toHaveLength(1);
    expect(server.logged()).toContain(
      `"attachment":"${id}","damage":"seal_broken","level":"error","message":"stored attachment is damaged"`,
    );
    expect(await server.scrape()).toMatch(
      /sealdesk_attachments_damaged_total\{damage="seal_broken"\} [1-9]/,
    );
    // Once its bytes are put back it is whole.
    await place.write(id, stored);
    expect(bytes.equals((await outcome(path)) as Buffer)).toBe(true);
  });

  test("a blob that is gone is damage, and not an attachment that never was", async () => {
    const path = await upload(randomBytes(10));
    await place.remove(idOf(path));
    expect(await outcome(path)).toBe("attachment_damaged");
    expect(await damageEntries(idOf(path))).toMatchObject([{ reason: "missing" }]);
  });

  test("the server rejects another blob in its place, whole or in part", async () => {
    const [one, other] = [
      await upload(randomBytes(2 * chunk)),
      await upload(randomBytes(2 * chunk)),
    ];
    const [ones, others] = [await place.read(idOf(one)), await place.read(idOf(other))];
    await place.write(idOf(one), others);
    expect(await outcome(one)).toBe("attachment_damaged");
    const mixed = Buffer.concat([others.subarray(0, sealedChunk), ones.subarray(sealedChunk)]);
    await place.write(idOf(one), mixed);
    expect(await outcome(one)).toBe("attachment_damaged");
    await place.write(idOf(one), ones);
    expect(await outcome(one)).toHaveLength(2 * chunk);
  });

  test("an earlier upload under the same id, which was taken back, is not taken for the later one", async () => {
    const bytes = randomBytes(2 * chunk);
    const path = await upload(bytes);
    const id = idOf(path);
    const earlier = await place.read(id);
    expect((await send(server, customer, "DELETE", path)).status).toBe(204);
    expect((await begin(server, customer, conversation, bytes.length, id)).reply.status).toBe(201);
    expect((await patch(server, customer, path, 0, randomBytes(bytes.length))).status).toBe(204);
    await place.write(id, earlier);
    expect(await outcome(path)).toBe("attachment_damaged");
  });

  test.each([1, chunk - 1, chunk, chunk + 1, 2 * chunk])(
    "%i bytes come back whole and in ranges over every border",
    async (size) => {
      const bytes = randomBytes(size);
      const path = await upload(bytes);
      expect(await place.read(idOf(path))).toHaveLength(size + 28 * Math.ceil(size / chunk));
      expect(bytes.equals((await outcome(path)) as Buffer)).toBe(true);
      for (const from of [0, chunk - 1, chunk, size - 1])
        for (const last of [from, chunk - 1, chunk, size - 1]) {
          if (from >= size || last < from || last >= size) continue;
          const read = await outcome(path, `bytes=${from}-${last}`);
          expect(bytes.subarray(from, last + 1).equals(read as Buffer)).toBe(true);
        }
    },
  );
});
