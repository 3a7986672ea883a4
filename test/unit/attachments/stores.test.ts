import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type { BlobStore } from "../../../messaging/attachments/stores/blob-store.ts";
import { directoryStore } from "../../../messaging/attachments/stores/directory-store.ts";
import { s3Store } from "../../../messaging/attachments/stores/s3-store.ts";
import { startS3Double } from "../../support/s3-double.ts";

interface Subject {
  readonly store: BlobStore;
  /** The same place, as another process has it. */
  again(): BlobStore;
  /** What lies there, by any name. */
  rest(): Promise<readonly string[]>;
  close(): Promise<void>;
}

async function inDirectory(): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "sealdesk-blobs-"));
  return {
    store: directoryStore(folder),
    again: () => directoryStore(folder),
    rest: async () =>
      (await readdir(folder, { recursive: true })).filter((name) => name.includes("-")),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

async function inDouble(): Promise<Subject> {
  const double = await startS3Double();
  const credentials = { accessKeyId: "double", secretAccessKey: "double" };
  const { endpoint } = double;
  const open = () => s3Store({ bucket: "test", region: "us-east-1", endpoint, credentials });
  return {
    store: open(),
    again: open,
    rest: async () => [...double.keys(), ...Array.from({ length: double.uploads() }, String)],
    close: () => double.close(),
  };
}

/** A real service; its bucket must be there, and the AWS variables name the account. */
async function inS3(endpoint: string): Promise<Subject> {
  const bucket = process.env["S3_TEST_BUCKET"] ?? "sealdesk-test";
  const open = () => s3Store({ bucket, region: "us-east-1", endpoint });
  return { store: open(), again: open, rest: async () => [], close: async () => undefined };
}

const realS3 = process.env["S3_TEST_ENDPOINT"];
const subjects: [string, () => Promise<Subject>][] = [
  ["a directory", inDirectory],
  ["the double of S3", inDouble],
];
if (realS3 !== undefined) subjects.push(["S3", () => inS3(realS3)]);

describe.each(subjects)("%s", (_name, start) => {
  let subject: Subject;
  let store: BlobStore;
  beforeAll(async () => {
    subject = await start();
    store = subject.store;
  });
  afterAll(async () => {
    await store.close();
    await subject.close();
  });

  const pieces = (bytes: Uint8Array, size = 100_000) => {
    const all: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) all.push(bytes.subarray(at, at + size));
    return Readable.from(all);
  };
  const read = async (from: BlobStore, id: string, range: { from: number; until: number }) => {
    const all: Uint8Array[] = [];
    for await (const piece of from.read(id, range)) all.push(piece);
    return Buffer.concat(all);
  };

  test("gives back what was put, whole and in ranges", async () => {
    const id = randomUUID();
    const data = randomBytes(300_000);
    expect(await store.size(id)).toBeUndefined();
    expect(await store.put(id, 0, pieces(data))).toBe(data.length);
    expect(await store.size(id)).toBe(data.length);
    await store.finish(id);
    expect(await store.size(id)).toBe(data.length);
    expect((await read(store, id, { from: 0, until: data.length })).equals(data)).toBe(true);
    for (const [from, until] of [
      [0, 1],
      [65_535, 65_537],
      [299_999, 300_000],
      [7, 7],
    ] as const)
      expect(await read(store, id, { from, until })).toEqual(data.subarray(from, until));
    await store.delete(id);
  });

  test("grows piece by piece, over processes and over the size of a part", async () => {
    const id = randomUUID();
    const data = randomBytes(18_500_000);
    let at = 0;
    for (const size of [1, 5_000_000, 3_388_607, 9_000_000, 1_111_392]) {
      const node = subject.again();
      expect(await node.size(id)).toBe(at === 0 ? undefined : at);
      at = await node.put(id, at, pieces(data.subarray(at, at + size)));
      await node.close();
    }
    expect(at).toBe(data.length);
    await store.finish(id);
    expect((await read(store, id, { from: 0, until: at })).equals(data)).toBe(true);
    await store.delete(id);
  });

  test("keeps what came before the data broke off", async () => {
    const id = randomUUID();
    const data = randomBytes(9_000_000);
    async function* breaking() {
      yield* pieces(data.subarray(0, 8_500_000));
      throw new Error("cut");
    }
    await expect(store.put(id, 0, breaking())).rejects.toThrow("cut");
    expect(await store.size(id)).toBe(8_500_000);
    await store.put(id, 8_500_000, pieces(data.subarray(8_500_000)));
    await store.finish(id);
    expect((await read(store, id, { from: 0, until: data.length })).equals(data)).toBe(true);
    await store.delete(id);
  });

  test("takes bytes nowhere but at its end, and none once it is final", async () => {
    const id = randomUUID();
    await store.put(id, 0, pieces(randomBytes(100)));
    for (const offset of [0, 99, 101])
      await expect(store.put(id, offset, pieces(randomBytes(1)))).rejects.toMatchObject({
        code: "wrong_offset",
      });
    await store.finish(id);
    await store.finish(id);
    await expect(store.put(id, 100, pieces(randomBytes(1)))).rejects.toMatchObject({
      code: "blob_finished",
    });
    await store.delete(id);
  });

  test("has nothing of what is not there, not final, or deleted", async () => {
    const id = randomUUID();
    const missing = { code: "blob_missing" };
    await expect(store.finish(id)).rejects.toMatchObject(missing);
    await expect(read(store, id, { from: 0, until: 1 })).rejects.toMatchObject(missing);
    await store.delete(id);
    await store.put(id, 0, pieces(randomBytes(9_000_000)));
    await expect(read(store, id, { from: 0, until: 1 })).rejects.toMatchObject(missing);
    await store.delete(id);
    expect(await store.size(id)).toBeUndefined();
    expect(await subject.rest()).toEqual([]);
  });

  test.each([
    "../../etc/passwd",
    "..",
    "",
    "a/b",
    `${randomUUID()}/..`,
    randomUUID().toUpperCase(),
  ])("never takes %j for an id", async (id) => {
    const refused = { code: "invalid_blob_id" };
    await expect(store.size(id)).rejects.toMatchObject(refused);
    await expect(store.put(id, 0, pieces(randomBytes(1)))).rejects.toMatchObject(refused);
    await expect(store.finish(id)).rejects.toMatchObject(refused);
    await expect(read(store, id, { from: 0, until: 1 })).rejects.toMatchObject(refused);
    await expect(store.delete(id)).rejects.toMatchObject(refused);
  });
});

test("what fills a part is never held whole: pieces go on as they come", async () => {
  const subject = await inDirectory();
  const { store } = subject;
  const id = randomUUID();
  let given = 0;
  async function* arriving() {
    for (; given < 50; given++) {
      expect((await store.size(id)) ?? 0).toBe(given * 100_000);
      yield randomBytes(100_000);
    }
  }
  expect(await store.put(id, 0, arriving())).toBe(5_000_000);
  await subject.close();
});
