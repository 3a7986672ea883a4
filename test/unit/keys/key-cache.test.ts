import { KeyCache } from "../../../keys/at-rest/key-cache.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";

const owned = (subject: string) => ({
  tenant: idOf<TenantId>("t"),
  subject: idOf<UserId>(subject),
});

function cacheOf(capacity = 3) {
  const state = { nowMs: 0, hears: true };
  const cache = new KeyCache<{ tenant: TenantId; subject: UserId }>(
    () => state.nowMs,
    () => state.hears,
    capacity,
    { heardMs: 300_000, deafMs: 900 },
  );
  return { cache, state };
}

test("keeps its maximum and drops the least recently used key", () => {
  const { cache } = cacheOf(3);
  for (const name of ["a", "b", "c"]) cache.set(name, owned(name), 0);
  cache.get(idOf("t"), "a");
  cache.set("d", owned("d"), 0);
  expect(["a", "b", "c", "d"].map((name) => cache.get(idOf("t"), name)?.subject)).toEqual([
    "a",
    undefined,
    "c",
    "d",
  ]);
  expect(cache.size).toBe(3);
});

test("a key is used for minutes while destructions are announced, and under a second otherwise", () => {
  const { cache, state } = cacheOf();
  cache.set("a", owned("a"), 0);
  cache.set("b", owned("b"), 0);
  state.nowMs = 299_999;
  expect(cache.get(idOf("t"), "a")).toBeDefined();
  state.hears = false;
  expect(cache.get(idOf("t"), "a")).toBeUndefined();
  state.hears = true;
  // A node that missed an announcement clears the cache. Here it was only a pause.
  expect(cache.get(idOf("t"), "a")).toBeDefined();
  state.nowMs = 300_000;
  expect(cache.get(idOf("t"), "b")).toBeUndefined();
});

test("the age counts from the start of the read and not from its end", () => {
  const { cache, state } = cacheOf();
  state.nowMs = 1000;
  state.hears = false;
  cache.set("a", owned("a"), 50);
  expect(cache.get(idOf("t"), "a")).toBeUndefined();
});

test("dropping a subject leaves the others", () => {
  const { cache } = cacheOf();
  cache.set("a1", owned("a"), 0);
  cache.set("a2", owned("a"), 0);
  cache.set("b", owned("b"), 0);
  cache.dropSubject(idOf("other tenant"), idOf("b"));
  cache.dropSubject(idOf("t"), idOf("a"));
  expect(["a1", "a2", "b"].map((name) => cache.get(idOf("t"), name)?.subject)).toEqual([
    undefined,
    undefined,
    "b",
  ]);
});

test("a key that was read again is used for as long as it was unwrapped for", () => {
  const { cache, state } = cacheOf();
  cache.set("a", owned("a"), 0);
  state.nowMs = 200_000;
  state.hears = false;
  expect(cache.get(idOf("t"), "a")).toBeUndefined();
  const known = cache.unconfirmed(idOf("t"), "a");
  expect(known).toMatchObject({ value: owned("a"), sinceMs: 0 });
  cache.set("a", known!.value, 200_000, known!.sinceMs);
  expect(cache.get(idOf("t"), "a")).toBeDefined();
  state.hears = true;
  state.nowMs = 300_000;
  expect(cache.unconfirmed(idOf("t"), "a")).toBeUndefined();
  expect(cache.get(idOf("t"), "a")).toBeUndefined();
});

test("keys that are not requested leave memory too", () => {
  const { cache, state } = cacheOf();
  cache.set("a", owned("a"), 0);
  cache.set("b", owned("b"), 1);
  state.nowMs = 300_000;
  cache.dropOld();
  expect(cache.size).toBe(1);
});

test("the keys of one tenant do not push out those of another", () => {
  const { cache } = cacheOf(10);
  cache.set("modest", { tenant: idOf("other"), subject: idOf("a") }, 0);
  for (let index = 0; index < 100; index++) cache.set(`${index}`, owned("b"), 0);
  expect(cache.get(idOf("other"), "modest")).toBeDefined();
  expect(cache.size).toBe(10);
});
