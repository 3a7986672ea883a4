/**
 * What careless callers or bad timing must not do to the store: lose its key or go back in time.
 */
import { describe, expect, test } from "@jest/globals";
import { ReadCache } from "../../../../crypto/device/read-cache.ts";
import { randomBytes } from "../../../../crypto/device/sodium.ts";
import {
  DeviceStore,
  deriveStoreKey,
  type StoreTransaction,
} from "../../../../crypto/device/store.ts";
import { ValueSeal } from "../../../../crypto/device/value-seal.ts";
import { CountingLevel, utf8 } from "./devices.ts";

const raw = { keyEncoding: "utf8", valueEncoding: "view" } as const;
const text = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes);

describe("a Buffer, whose slices share its memory", () => {
  test("given as the store's key may be wiped by its owner", async () => {
    const level = new CountingLevel();
    const secret = randomBytes(32);
    const key = Buffer.from(secret);
    const store = await DeviceStore.open(level, key);
    key.fill(0);
    await store.transact(async (tx) => tx.put("x!a", utf8("the patient's name")));
    const sealed = await level.inner.get("x!a", raw);
    expect(() => new ValueSeal(new Uint8Array(32)).open("x!a", sealed!)).toThrow();
    expect(text(new ValueSeal(secret).open("x!a", sealed!))).toBe("the patient's name");
  });

  test("given as the store's key is not wiped by the store", async () => {
    const key = Buffer.from(randomBytes(32));
    const before = key.toString("hex");
    await (await DeviceStore.open(new CountingLevel(), key)).close();
    expect(key.toString("hex")).toBe(before);
  });

  test("given as a value is copied: later changes do not reach the store, and its wiping does not reach the caller", async () => {
    const store = await DeviceStore.open(new CountingLevel(), randomBytes(32));
    const value = Buffer.from("certified key");
    await store.transact(async (tx) => {
      tx.put("x!a", value);
      value.write("forged");
      expect(text(await tx.get("x!a"))).toBe("certified key");
    });
    expect(text(await store.read((tx) => tx.get("x!a")))).toBe("certified key");
    value.write("certified key");
    await store.close();
    expect(value.toString()).toBe("certified key");
  });
});

/**
 * A database that answers its next read on command, with what it held at the time of the request.
 */
class SlowLevel extends CountingLevel {
  #release: (() => void) | undefined;
  #slow = false;

  holdNextRead(): () => void {
    this.#slow = true;
    return () => this.#release?.();
  }

  override async getMany(...args: Parameters<CountingLevel["getMany"]>) {
    const values = await super.getMany(...args);
    if (!this.#slow) return values;
    this.#slow = false;
    await new Promise<void>((resolve) => (this.#release = resolve));
    return values;
  }
}

describe("a read that outlives its transaction", () => {
  test("does not bring an old value back over a newer one", async () => {
    const level = new SlowLevel();
    const key = randomBytes(32);
    const founded = await DeviceStore.open(level, key);
    await founded.transact(async (tx) => tx.put("x!chain", utf8("old")));
    await founded.close();
    const store = await DeviceStore.open(level, key);
    const release = level.holdNextRead();
    let late: Promise<unknown> | undefined;
    const failed = store.transact(async (tx) => {
      late = tx.get("x!chain");
      throw new Error("another part of the work failed");
    });
    await expect(failed).rejects.toThrow("another part");
    await store.transact(async (tx) => tx.put("x!chain", utf8("new")));
    await store.transact(async (tx) => {
      for (let index = 0; index < 3; index++) tx.put(`y!${index}`, new Uint8Array(1_000_000));
    });
    release();
    await late?.catch(() => undefined);
    expect(text(await store.read((tx) => tx.get("x!chain")))).toBe("new");
  });

  test("may not be started any more, not even after a read", async () => {
    const store = await DeviceStore.open(new CountingLevel(), randomBytes(32));
    const leaked = await store.read(async (tx) => tx);
    await expect(leaked.get("x!a")).rejects.toMatchObject({ name: "StoreError", code: "finished" });
    let kept: StoreTransaction | undefined;
    await store.transact(async (tx) => void (kept = tx));
    await expect(kept?.list("x!")).rejects.toMatchObject({ code: "finished" });
  });
});

describe("after close", () => {
  test("a closed store seals and opens nothing, because a wiped key is no key", () => {
    const seal = new ValueSeal(randomBytes(32));
    const sealed = seal.seal("x!a", utf8("value"));
    seal.wipe();
    for (const use of [() => seal.seal("x!a", utf8("value")), () => seal.open("x!a", sealed)])
      expect(use).toThrow(expect.objectContaining({ name: "StoreError", code: "closed" }));
  });

  test("a closed store has no cached value left", () => {
    const cache = new ReadCache(100);
    const values = [utf8("chain key 1"), utf8("chain key 2")];
    for (const [index, value] of values.entries()) cache.set(`x!${index}`, value);
    cache.clear();
    for (const value of values) expect(value.every((byte) => byte === 0)).toBe(true);
  });
});

describe("errors inside transact", () => {
  test("thrown before the first await become rejections, and the next transaction runs", async () => {
    const store = await DeviceStore.open(new CountingLevel(), randomBytes(32));
    const thrown = store.transact(() => {
      throw new Error("at once");
    });
    await expect(thrown).rejects.toThrow("at once");
    await store.transact(async (tx) => tx.put("x!a", utf8("a")));
    expect(text(await store.read((tx) => tx.get("x!a")))).toBe("a");
  });

  test("that nobody awaits twice are no unhandled rejections", async () => {
    const seen: unknown[] = [];
    const note = (reason: unknown) => seen.push(reason);
    process.on("unhandledRejection", note);
    try {
      const store = await DeviceStore.open(new CountingLevel(), randomBytes(32));
      await store.transact(async () => Promise.reject(new Error("x"))).catch(() => undefined);
      await store.close();
      await store.transact(async () => undefined).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 10));
      expect(seen).toEqual([]);
    } finally {
      process.off("unhandledRejection", note);
    }
  });
});

describe("at rest", () => {
  test("a value moved to another store is refused under any name", async () => {
    const [one, two] = [new CountingLevel(), new CountingLevel()];
    const keys = [randomBytes(32), randomBytes(32)];
    for (const [index, level] of [one, two].entries()) {
      const store = await DeviceStore.open(level, keys[index]!);
      await store.transact(async (tx) => tx.put("x!a", utf8(`${index}`)));
      await store.close();
      await level.open();
    }
    await one.inner.put("x!a", (await two.inner.get("x!a"))!);
    const store = await DeviceStore.open(one, keys[0]!);
    await expect(store.read((tx) => tx.get("x!a"))).rejects.toMatchObject({ code: "damaged" });
  });

  test("one value put back to an older state is NOT noticed, as docs/crypto.md says", async () => {
    const level = new CountingLevel();
    const key = randomBytes(32);
    const store = await DeviceStore.open(level, key);
    await store.transact(async (tx) => tx.put("x!a", utf8("old")));
    const old = await level.inner.get("x!a", raw);
    await store.transact(async (tx) => tx.put("x!a", utf8("new")));
    await store.close();
    await level.open();
    await level.inner.put("x!a", old!, raw);
    const reopened = await DeviceStore.open(level, key);
    expect(text(await reopened.read((tx) => tx.get("x!a")))).toBe("old");
  });
});

describe("a passphrase", () => {
  const salt = new Uint8Array(16).fill(1);

  test("that is empty is refused", async () => {
    await expect(deriveStoreKey("", salt)).rejects.toMatchObject({
      name: "StoreError",
      code: "wrong_key",
    });
  });

  test("is the same with any of Unicode's spaces, and nothing else is the same", async () => {
    const key = async (passphrase: string) =>
      Buffer.from(await deriveStoreKey(passphrase, salt)).toString("hex");
    expect(await key("caf\u00e9 am\u00a0Markt")).toBe(await key("cafe\u0301\u3000am Markt"));
    await expect(key("\ud800")).rejects.toMatchObject({ code: "wrong_key" });
  });
});
