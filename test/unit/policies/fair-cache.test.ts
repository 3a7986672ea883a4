import { FairCache } from "../../../policies/fair-cache.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

test("the least recently used entry goes first", () => {
  const cache = new FairCache<number>(2);
  cache.set(idOf("t"), "a", 1);
  cache.set(idOf("t"), "b", 2);
  expect(cache.get(idOf("t"), "a")).toBe(1);
  expect(cache.set(idOf("t"), "c", 3)).toBe("b");
  expect([cache.get(idOf("t"), "a"), cache.get(idOf("t"), "b"), cache.get(idOf("t"), "c")]).toEqual(
    [1, undefined, 3],
  );
  expect(cache.get(idOf("u"), "a")).toBeUndefined();
  expect(cache.size).toBe(2);
});

test("a tenant that adds many entries does not push out those of another one", () => {
  const cache = new FairCache<number>(100);
  for (let index = 0; index < 40; index++) cache.set(idOf("modest"), `${index}`, index);
  for (let index = 0; index < 10_000; index++) cache.set(idOf("flood"), `${index}`, index);
  for (let index = 0; index < 40; index++)
    expect(cache.get(idOf("modest"), `${index}`)).toBe(index);
  expect(cache.size).toBe(100);
});

test("a newcomer gets room from the tenant that holds most", () => {
  const cache = new FairCache<number>(100);
  for (let index = 0; index < 1_000; index++) cache.set(idOf("flood"), `${index}`, index);
  for (let index = 0; index < 50; index++) cache.set(idOf("modest"), `${index}`, index);
  for (let index = 0; index < 50; index++)
    expect(cache.get(idOf("modest"), `${index}`)).toBe(index);
  expect(cache.size).toBe(100);
});

test("entries are deleted by name and by what they are", () => {
  const cache = new FairCache<number>(10);
  for (const [tenant, name, value] of [
    ["t", "a", 1],
    ["t", "b", 2],
    ["u", "a", 1],
  ] as const)
    cache.set(idOf(tenant), name, value);
  cache.deleteWhere((value) => value === 1, idOf("t"));
  expect([cache.peek(idOf("t"), "a"), cache.peek(idOf("u"), "a")]).toEqual([undefined, 1]);
  cache.deleteWhere((value) => value === 1);
  cache.delete(idOf("t"), "b");
  cache.delete(idOf("t"), "b");
  expect(cache.size).toBe(0);
});
