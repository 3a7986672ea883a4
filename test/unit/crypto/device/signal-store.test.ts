import { describe, expect, test } from "@jest/globals";
import { delivery, newGroup, newRoom, open, seal, tampered } from "./devices.ts";

describe("awaits on the store", () => {
  test("a message costs no read and one batch when cached, and few reads after a restart", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const first = delivery(a, b!, room, await seal(a, [b!], room));
    await b!.restart();
    b!.level.reset();
    await open(b!, first);
    expect(b!.level).toMatchObject({ batches: 1 });
    expect(b!.level.reads).toBeLessThanOrEqual(4);

    a.level.reset();
    const warm = await seal(a, [b!], room);
    expect(a.level).toMatchObject({ reads: 0, batches: 1 });
    b!.level.reset();
    await open(b!, delivery(a, b!, room, warm));
    expect(b!.level).toMatchObject({ reads: 0, batches: 1 });

    await a.restart();
    a.level.reset();
    await seal(a, [b!], room);
    expect(a.level).toMatchObject({ reads: 2, batches: 1 });
  });

  test("a new key for 20 devices costs as many reads as for one", async () => {
    const [a, ...others] = await newGroup(21);
    await a.restart();
    a.level.reset();
    const sealed = await seal(a, others, newRoom());
    expect(sealed.packets).toHaveLength(20);
    expect(a.level.reads).toBeLessThanOrEqual(3);
    expect(a.level.batches).toBe(1);
  });
});

describe("errors of the store", () => {
  test("keep their class through libsignal", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    await seal(a, [b!], room);
    for (const [key] of await a.store.read((tx) => tx.list("signal!session!"))) {
      const sealed = await a.level.inner.get(key);
      await a.level.inner.put(key, tampered(sealed!, -1));
    }
    await a.restart();
    await expect(seal(a, [b!], { ...room, epoch: 2 })).rejects.toMatchObject({
      name: "StoreError",
      code: "damaged",
    });
  });

  test("keep their class when they arise inside a libsignal callback", async () => {
    const [a, b] = await newGroup(2);
    const room = newRoom();
    const request = delivery(a, b!, room, await seal(a, [b!], room));
    const { kyber } = await b!.store.read(async (tx) => ({
      kyber: await tx.list("signal!kyber-prekey!"),
    }));
    for (const [key] of kyber) await b!.level.inner.put(key, new Uint8Array(50));
    await b!.restart();
    await expect(open(b!, request)).rejects.toMatchObject({ name: "StoreError", code: "damaged" });
  });
});
