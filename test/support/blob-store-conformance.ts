import { randomBytes, randomUUID } from "node:crypto";
import { Readable } from "node:stream";
import type { BlobStore } from "../../messaging/attachments/stores/blob-store.ts";

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
}
