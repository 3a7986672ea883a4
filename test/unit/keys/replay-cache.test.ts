import { ReplayCache } from "../../../keys/tokens/replay-cache.ts";

const overloaded = expect.objectContaining({ code: "overloaded" });
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

test("proofs without an owner are refused while the cache is full of them", () => {
  const cache = new ReplayCache(1000, { node: 2, tenant: 2, account: 2 });
  cache.use("a", 0);
  cache.use("b", 1);
  expect(() => cache.use("c", 2)).toThrow(overloaded);
  cache.use("c", 1000);
  expect(() => cache.use("b", 1000)).toThrow(reused);
});

test("an account that used its share is refused alone", () => {
  const cache = new ReplayCache(1000, { node: 10, tenant: 10, account: 3 });
  const greedy = { tenant: "t", account: "greedy" };
  for (const key of ["a", "b", "c"]) cache.use(key, 0, greedy);
  expect(() => cache.use("d", 1, greedy)).toThrow(overloaded);
  cache.use("e", 1, { tenant: "t", account: "modest" });
  cache.use("d", 1000, greedy);
});

test("the accounts of one tenant cannot fill the memory of a node", () => {
  const cache = new ReplayCache(120_000);
  let refused = 0;
  for (let account = 0; account < 50; account++)
    for (let proof = 0; proof < 2_000; proof++)
      try {
        cache.use(`${account}.${proof}`, 0, { tenant: "hostile", account: `${account}` });
      } catch {
        refused++;
      }
  expect(refused).toBeGreaterThan(40_000);
  cache.use("other tenant", 0, { tenant: "other", account: "x" });
  cache.use("same tenant", 0, { tenant: "hostile", account: "modest" });
  cache.use("sign-in", 0);
});

test("four hostile tenants cannot fill the memory of a node", () => {
  const cache = new ReplayCache(120_000);
  for (let holder = 0; holder < 100_000; holder++)
    cache.use(`${holder}`, 0, { tenant: `${holder % 4}`, account: `${holder % 400}` });
  for (let proof = 0; proof < 2_000; proof++)
    cache.use(`other ${proof}`, 0, { tenant: "other", account: "x" });
});
