import type { AttachmentId } from "../../crypto/wire/ids.ts";
import { randomBytes, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import { SEALED_CHUNK_BYTES } from "../../keys/at-rest/blob-seal.ts";
import type { BlobStore, ByteRange } from "../../messaging/attachments/stores/blob-store.ts";
import { newId, idOf } from "../../tools/testkit/ids.ts";

export interface StoreUnderTest {
  readonly store: BlobStore;
  /** The same place, as another process has it. */
  again(): BlobStore;
  /** What lies there, by any name. */
  rest(): Promise<readonly string[]>;
  close(): Promise<void>;
}

/** What every store of attachments must do: run by each of them, with nothing skipped. */
export function blobStoreConformance(open: () => Promise<StoreUnderTest>): void {
  let subject: StoreUnderTest;
  let store: BlobStore;
  beforeAll(async () => {
    subject = await open();
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
  const read = async (from: BlobStore, id: AttachmentId, size: number, range?: ByteRange) => {
    const all: Uint8Array[] = [];
    for await (const piece of await from.read(id, size, range ?? { from: 0, until: size }))
      all.push(piece);
    return Buffer.concat(all);
  };
  const stored = (from: BlobStore, id: AttachmentId, most = Infinity) => from.stored(id, most);
  const chunk = SEALED_CHUNK_BYTES;

  test("gives back what was put, whole and in ranges", async () => {
    const id = newId<AttachmentId>();
    const data = randomBytes(300_000);
    expect(await stored(store, id)).toBe(0);
    expect(await store.put(id, 0, pieces(data))).toBe(data.length);
    expect(await stored(store, id)).toBe(data.length);
    await store.finish(id, data.length);
    expect([await stored(store, id), await stored(store, id, 7)]).toEqual([data.length, 7]);
    expect((await read(store, id, data.length)).equals(data)).toBe(true);
    for (const [from, until] of [
      [0, 1],
      [65_535, 65_537],
      [299_999, 300_000],
    ] as const)
      expect(await read(store, id, data.length, { from, until })).toEqual(
        data.subarray(from, until),
      );
    await store.delete(id);
  });

  test("grows piece by piece, over processes and over the size of a part", async () => {
    const id = newId<AttachmentId>();
    const data = randomBytes(300 * chunk + 17);
    let at = 0;
    for (const chunks of [1, 100, 27, 128, 43, 2]) {
      const node = subject.again();
      expect(await stored(node, id)).toBe(at);
      at = await node.put(id, at, pieces(data.subarray(at, at + chunks * chunk)));
      await node.close();
    }
    expect(at).toBe(data.length);
    await store.finish(id, at);
    expect((await read(store, id, at)).equals(data)).toBe(true);
    await store.delete(id);
  });

  test("keeps what came before the data broke off", async () => {
    const id = newId<AttachmentId>();
    const data = randomBytes(140 * chunk);
    async function* breaking() {
      yield* pieces(data.subarray(0, 130 * chunk));
      throw new Error("cut");
    }
    await expect(store.put(id, 0, breaking())).rejects.toThrow("cut");
    expect(await stored(store, id)).toBe(130 * chunk);
    await store.put(id, 130 * chunk, pieces(data.subarray(130 * chunk)));
    await store.finish(id, data.length);
    expect((await read(store, id, data.length)).equals(data)).toBe(true);
    await store.delete(id);
  });

  test.each([
    ["in the last part", 250, 200],
    ["parts before", 300, 3],
    ["at the end of a part", 300, 128],
    ["at the beginning", 130, 0],
  ])("takes other bytes in the place of those that stand, %s", async (_where, first, from) => {
    const id = newId<AttachmentId>();
    const data = randomBytes(320 * chunk + 5);
    await store.put(id, 0, pieces(randomBytes(from * chunk)));
    await store.put(id, 0, pieces(data.subarray(0, from * chunk)));
    await store.put(id, from * chunk, pieces(randomBytes((first - from) * chunk)));
    // What stands up to here is what was put there last, whatever stands behind.
    expect(await stored(store, id, from * chunk)).toBe(from * chunk);
    const middle = Math.min(from + 60, first) * chunk;
    await store.put(id, from * chunk, pieces(data.subarray(from * chunk, middle)));
    expect(await stored(store, id, middle)).toBe(middle);
    await store.put(id, middle, pieces(data.subarray(middle)));
    await store.finish(id, data.length);
    expect((await read(store, id, data.length)).equals(data)).toBe(true);
    await store.delete(id);
  });

  test("takes bytes nowhere behind its end, and none once it is final", async () => {
    const id = newId<AttachmentId>();
    await store.put(id, 0, pieces(randomBytes(chunk)));
    await expect(store.put(id, 2 * chunk, pieces(randomBytes(1)))).rejects.toMatchObject({
      code: "wrong_offset",
    });
    await expect(store.finish(id, chunk + 1)).rejects.toMatchObject({ code: "wrong_offset" });
    await store.finish(id, chunk);
    await store.finish(id, chunk);
    await expect(store.put(id, chunk, pieces(randomBytes(1)))).rejects.toMatchObject({
      code: "blob_finished",
    });
    await store.delete(id);
  });

  test("gives nothing of a blob that is not of the size it should have", async () => {
    const id = newId<AttachmentId>();
    await store.put(id, 0, pieces(randomBytes(100)));
    await store.finish(id, 100);
    for (const [size, from, until] of [
      [99, 0, 10],
      [101, 0, 10],
      [200, 150, 160],
    ] as const)
      await expect(read(store, id, size, { from, until })).rejects.toMatchObject({
        code: "wrong_size",
      });
    await store.delete(id);
  });

  test("has nothing of what is not there, not final, or deleted", async () => {
    const id = newId<AttachmentId>();
    const missing = { code: "blob_missing" };
    await expect(store.finish(id, 1)).rejects.toMatchObject(missing);
    await expect(read(store, id, 1)).rejects.toMatchObject(missing);
    await store.delete(id);
    await store.put(id, 0, pieces(randomBytes(9_000_000)));
    await expect(read(store, id, 9_000_000, { from: 0, until: 1 })).rejects.toMatchObject(missing);
    await store.delete(id);
    expect(await stored(store, id)).toBe(0);
    expect(await subject.rest()).toEqual([]);
  });

  test.each([
    "../../etc/passwd",
    "..",
    "",
    "a/b",
    `${randomUUID()}/..`,
    randomUUID().toUpperCase(),
  ])("never takes %j for an id", async (text) => {
    const id = idOf<AttachmentId>(text);
    const refused = { code: "invalid_blob_id" };
    await expect(store.stored(id, 1)).rejects.toMatchObject(refused);
    await expect(store.put(id, 0, pieces(randomBytes(1)))).rejects.toMatchObject(refused);
    await expect(store.finish(id, 1)).rejects.toMatchObject(refused);
    await expect(read(store, id, 1)).rejects.toMatchObject(refused);
    await expect(store.delete(id)).rejects.toMatchObject(refused);
  });
}
