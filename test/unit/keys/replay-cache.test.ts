import { ReplayCache } from "../../../keys/tokens/replay-cache.ts";

const reused = expect.objectContaining({ code: "proof_reused" });

test("a used proof is refused for at least the window, and accepted later", () => {
  const cache = new ReplayCache(1000);
  cache.use("a", 0);
  cache.use("b", 900);
  expect(() => cache.use("a", 999)).toThrow(reused);
  expect(() => cache.use("b", 1899)).toThrow(reused);
  cache.use("a", 2899);
  cache.use("b", 5000);
});

test("after a long silence no old proofs are left", () => {
  const cache = new ReplayCache(1000);
  cache.use("a", 0);
  cache.use("b", 10_000);
  cache.use("a", 10_001);
});

test("a full cache refuses until there is room", () => {
  const cache = new ReplayCache(1000, 2);
  cache.use("a", 0);
  cache.use("b", 1);
  expect(() => cache.use("c", 2)).toThrow(expect.objectContaining({ code: "overloaded" }));
  cache.use("c", 1000);
  expect(() => cache.use("b", 1000)).toThrow(reused);
});

test("one owner cannot take the room of all others", () => {
  const cache = new ReplayCache(1000, 10, 3);
  for (const key of ["a", "b", "c"]) cache.use(key, 0, "greedy");
  expect(() => cache.use("d", 1, "greedy")).toThrow(
    expect.objectContaining({ code: "overloaded" }),
  );
  cache.use("e", 1, "modest");
  cache.use("d", 1000, "greedy");
});
