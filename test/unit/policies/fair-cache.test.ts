import { FairCache } from "../../../policies/fair-cache.ts";

test("the least recently used entry goes first", () => {
  const cache = new FairCache<number>(2);
  cache.set("t", "a", 1);
  cache.set("t", "b", 2);
  expect(cache.get("t", "a")).toBe(1);
  expect(cache.set("t", "c", 3)).toBe("b");
  expect([cache.get("t", "a"), cache.get("t", "b"), cache.get("t", "c")]).toEqual([
    1,
    undefined,
    3,
  ]);
  expect(cache.get("u", "a")).toBeUndefined();
  expect(cache.size).toBe(2);
});

test("a tenant that adds many entries does not push out those of another one", () => {
  const cache = new FairCache<number>(100);
  for (let index = 0; index < 40; index++) cache.set("modest", `${index}`, index);
  for (let index = 0; index < 10_000; index++) cache.set("flood", `${index}`, index);
  for (let index = 0; index < 40; index++) expect(cache.get("modest", `${index}`)).toBe(index);
  expect(cache.size).toBe(100);
});

test("a newcomer gets room from the tenant that holds most", () => {
  const cache = new FairCache<number>(100);
  for (let index = 0; index < 1_000; index++) cache.set("flood", `${index}`, index);
  for (let index = 0; index < 50; index++) cache.set("modest", `${index}`, index);
  for (let index = 0; index < 50; index++) expect(cache.get("modest", `${index}`)).toBe(index);
  expect(cache.size).toBe(100);
});

test("entries are deleted by name and by what they are", () => {
  const cache = new FairCache<number>(10);
  for (const [tenant, name, value] of [
    ["t", "a", 1],
    ["t", "b", 2],
    ["u", "a", 1],
  ] as const)
    cache.set(tenant, name, value);
  cache.deleteWhere((value) => value === 1, "t");
  expect([cache.peek("t", "a"), cache.peek("u", "a")]).toEqual([undefined, 1]);
  cache.deleteWhere((value) => value === 1);
  cache.delete("t", "b");
  cache.delete("t", "b");
  expect(cache.size).toBe(0);
});
