import { describe, expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { DeviceStore, deriveStoreKey, storeSalt } from "../../../../crypto/device/store.ts";
import { ReadCache } from "../../../../crypto/device/read-cache.ts";
import { randomBytes } from "../../../../crypto/device/sodium.ts";
import { CountingLevel, tampered, utf8 } from "./devices.ts";

const raw = { keyEncoding: "utf8", valueEncoding: "view" } as const;
const newStore = async () => {
  const level = new CountingLevel();
  const key = randomBytes(32);
  return { level, key, store: await DeviceStore.open(level, key) };
};
const put = (store: DeviceStore, key: string, value: string) =>
  store.transact(async (tx) => tx.put(key, utf8(value)));
const get = async (store: DeviceStore, key: string) => {
  const value = await store.read((tx) => tx.get(key));
  return value && new TextDecoder().decode(value);
};

describe("transactions", () => {
  test("read their own writes, and list them in order among the committed ones", async () => {
    const { store } = await newStore();
    await store.transact(async (tx) => {
      for (const name of ["b", "d", "f"]) tx.put(`x!${name}`, utf8(name));
      tx.put("y!a", utf8("other area"));
    });
    await store.transact(async (tx) => {
      tx.put("x!c", utf8("c"));
      tx.delete("x!d");
      const names = async (options?: { after?: string; limit?: number }) =>
        (await tx.list("x!", options)).map(([key]) => key);
      expect(await names()).toEqual(["x!b", "x!c", "x!f"]);
      expect(await names({ limit: 2 })).toEqual(["x!b", "x!c"]);
      expect(await names({ after: "x!b", limit: 1 })).toEqual(["x!c"]);
      expect(await names({ after: "x!c" })).toEqual(["x!f"]);
      expect(await tx.get("x!d")).toBeUndefined();
      expect(await tx.keys("x!")).toEqual(["x!b", "x!c", "x!f"]);
      expect(await tx.keys("")).toEqual(["x!b", "x!c", "x!f", "y!a"]);
    });
    expect(await store.read((tx) => tx.list(""))).toHaveLength(4);
  });

  test("write nothing when the work throws", async () => {
    const { store, level } = await newStore();
    level.reset();
    const work = store.transact(async (tx) => {
      tx.put("x!a", utf8("lost"));
      throw new Error("crash");
    });
    await expect(work).rejects.toThrow("crash");
    expect(level.batches).toBe(0);
    expect(await get(store, "x!a")).toBeUndefined();
  });

  test("run one at a time, and a failed one does not stop the next", async () => {
    const { store } = await newStore();
    let running = 0;
    const increment = store.transact.bind(store, async (tx) => {
      expect(++running).toBe(1);
      const value = (await tx.get("x!counter"))?.[0] ?? 0;
      await new Promise((resolve) => setImmediate(resolve));
      tx.put("x!counter", Uint8Array.of(value + 1));
      running--;
    });
    const failed = store.transact(() => Promise.reject(new Error("no")));
    await Promise.all([...Array.from({ length: 50 }, () => increment()), failed.catch(() => 0)]);
    expect(await store.read((tx) => tx.get("x!counter"))).toEqual(Uint8Array.of(50));
  });

  test("are one atomic batch, and after a failed batch the old state is read", async () => {
    const { store, level } = await newStore();
    await put(store, "x!a", "old");
    level.reset();
    level.failNextBatch = true;
    await expect(put(store, "x!a", "new")).rejects.toThrow("disk full");
    expect(await get(store, "x!a")).toBe("old");
    await store.transact(async (tx) => {
      for (let index = 0; index < 20; index++) tx.put(`x!${index}`, utf8("v"));
    });
    expect(level.batches).toBe(2);
  });

  test("cannot be used after they end", async () => {
    const { store } = await newStore();
    const leaked = await store.transact(async (tx) => tx);
    expect(() => leaked.put("x!a", utf8("late"))).toThrow(
      expect.objectContaining({ name: "StoreError", code: "finished" }),
    );
  });

  test("hand out and keep copies", async () => {
    const { store } = await newStore();
    const value = utf8("abc");
    await store.transact(async (tx) => {
      tx.put("x!a", value);
      value.fill(0);
      (await tx.get("x!a"))?.fill(0);
    });
    (await store.read((tx) => tx.get("x!a")))?.fill(0);
    expect(await get(store, "x!a")).toBe("abc");
  });

  test("refuse key names that are reserved or not printable ASCII", async () => {
    const { store } = await newStore();
    for (const key of ["store!check", "", "x!\u00e9", "x!\n"])
      await expect(put(store, key, "v")).rejects.toMatchObject({ code: "invalid_key" });
  });

  test("read many values with one call, and cached ones with none", async () => {
    const { store, level, key } = await newStore();
    await put(store, "x!a", "a");
    await put(store, "x!b", "b");
    await store.close();
    const reopened = await DeviceStore.open(level, key);
    level.reset();
    await reopened.read((tx) => tx.getMany(["x!a", "x!none", "x!b"]));
    expect(level.reads).toBe(1);
    await reopened.read((tx) => tx.getMany(["x!a", "x!b"]));
    expect(level.reads).toBe(1);
  });
});

describe("at rest", () => {
  test("no plaintext is in the database's values", async () => {
    const { store, level } = await newStore();
    await put(store, "x!a", "the patient's name");
    const values = await level.inner.values(raw).all();
    expect(values.length).toBeGreaterThan(1);
    for (const value of values) expect(Buffer.from(value).includes("the patient's")).toBe(false);
  });

  test("another key is refused, and so is a key of another length", async () => {
    const { store, level, key } = await newStore();
    await store.close();
    await expect(DeviceStore.open(level, randomBytes(32))).rejects.toMatchObject({
      name: "StoreError",
      code: "wrong_key",
    });
    await expect(DeviceStore.open(level, randomBytes(16))).rejects.toMatchObject({
      code: "wrong_key",
    });
    await (await DeviceStore.open(level, key)).close();
  });

  test("a changed, truncated or moved value is refused as damaged", async () => {
    const { store, level, key } = await newStore();
    await put(store, "x!a", "a");
    await put(store, "x!b", "b");
    await store.close();
    await level.open();
    const [a, b] = await level.inner.getMany(["x!a", "x!b"]);
    for (const bad of [tampered(a!, 0), tampered(a!, -1), a!.slice(0, 10), b!]) {
      await level.inner.put("x!a", bad);
      const reopened = await DeviceStore.open(level, key);
      await expect(get(reopened, "x!a")).rejects.toMatchObject({ code: "damaged" });
      await expect(reopened.read((tx) => tx.list("x!"))).rejects.toMatchObject({ code: "damaged" });
      // Their names are read without them.
      await reopened.transact(async (tx) => expect(await tx.keys("x!")).not.toEqual([]));
      await reopened.close();
      await level.open();
    }
  });

  test("entries without a check record are refused", async () => {
    const { store, level, key } = await newStore();
    await put(store, "x!a", "a");
    await store.close();
    await level.open();
    await level.inner.del("store!check");
    await expect(DeviceStore.open(level, key)).rejects.toMatchObject({ code: "damaged" });
  });

  test("works on a database constructed with other encodings", async () => {
    const level = new MemoryLevel();
    const key = randomBytes(32);
    const store = await DeviceStore.open(level, key);
    await put(store, "x!a", "a");
    await store.close();
    expect(await get(await DeviceStore.open(level, key), "x!a")).toBe("a");
  });

  test("one database is not opened twice", async () => {
    const { store, level, key } = await newStore();
    await expect(DeviceStore.open(level, key)).rejects.toMatchObject({ code: "in_use" });
    await store.close();
    await DeviceStore.open(level, key);
  });

  test("close waits for running work and refuses later work", async () => {
    const { store, level, key } = await newStore();
    const running = put(store, "x!a", "kept");
    const closed = store.close();
    await expect(put(store, "x!b", "late")).rejects.toMatchObject({ code: "closed" });
    await Promise.all([running, closed]);
    expect(await get(await DeviceStore.open(level, key), "x!a")).toBe("kept");
  });
});

describe("a passphrase", () => {
  test("opens the store again, in any Unicode form, with the salt beside it", async () => {
    const level = new CountingLevel();
    const salt = await storeSalt(level);
    expect(await storeSalt(level)).toEqual(salt);
    const store = await DeviceStore.open(level, await deriveStoreKey("caf\u00e9 am Markt", salt));
    await put(store, "x!a", "a");
    await store.close();
    const again = await deriveStoreKey("cafe\u0301 am Markt", await storeSalt(level));
    expect(await get(await DeviceStore.open(level, again), "x!a")).toBe("a");
  });

  test("gives another key under another salt", async () => {
    const keys = await Promise.all(
      [1, 2].map((fill) => deriveStoreKey("same", new Uint8Array(16).fill(fill))),
    );
    expect(keys[0]).toHaveLength(32);
    expect(keys[0]).not.toEqual(keys[1]);
  });

  test("a salt of an unknown version is refused", async () => {
    const level = new CountingLevel();
    await storeSalt(level);
    await level.inner.put("store!salt", new Uint8Array(17).fill(9));
    await expect(storeSalt(level)).rejects.toMatchObject({ code: "damaged" });
  });
});

test("the read cache stays within its limit, drops the least recently used value, and wipes it", () => {
  const cache = new ReadCache(10);
  const values = ["a", "b", "c"].map(() => new Uint8Array(4).fill(7));
  cache.set("a", values[0]!);
  cache.set("b", values[1]!);
  expect(cache.get("a")).toBeDefined();
  cache.set("c", values[2]!);
  expect(cache.get("b")).toBeUndefined();
  expect(values[1]).toEqual(new Uint8Array(4));
  expect(cache.get("a")).toBeDefined();
  cache.set("a", new Uint8Array(11));
  expect(cache.get("a")).toBeUndefined();
});
