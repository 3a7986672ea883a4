import { ReplayCache } from "../../../identity/tokens/replay-cache.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

const owner = { tenant: idOf<TenantId>("t"), account: "a" };
const overloaded = expect.objectContaining({ code: "overloaded" });
const reused = expect.objectContaining({ code: "proof_reused" });

test("a used proof is refused for at least the window, and accepted later", () => {
  const cache = new ReplayCache(1000);
  cache.use("a", 0, owner);
  cache.use("b", 900, owner);
  expect(() => cache.use("a", 999, owner)).toThrow(reused);
  expect(() => cache.use("b", 1899, owner)).toThrow(reused);
  cache.use("a", 2899, owner);
  cache.use("b", 5000, owner);
});

test("no old proofs are left after a long silence", () => {
  const cache = new ReplayCache(1000);
  cache.use("a", 0, owner);
  cache.use("b", 10_000, owner);
  cache.use("a", 10_001, owner);
});

test("an account that used its share is refused alone", () => {
  const cache = new ReplayCache(1000, { node: 10, tenant: 10, account: 3 });
  const greedy = { tenant: idOf<TenantId>("t"), account: "greedy" };
  for (const key of ["a", "b", "c"]) cache.use(key, 0, greedy);
  expect(() => cache.use("d", 1, greedy)).toThrow(overloaded);
  cache.use("e", 1, { tenant: idOf("t"), account: "modest" });
  cache.use("d", 1000, greedy);
});

test("the accounts of one tenant cannot fill the memory of a node", () => {
  const cache = new ReplayCache(120_000);
  let refused = 0;
  for (let account = 0; account < 50; account++)
    for (let proof = 0; proof < 2_000; proof++)
      try {
        cache.use(`${account}.${proof}`, 0, { tenant: idOf("hostile"), account: `${account}` });
      } catch {
        refused++;
      }
  expect(refused).toBeGreaterThan(40_000);
  cache.use("other tenant", 0, { tenant: idOf("other"), account: "x" });
  cache.use("same tenant", 0, { tenant: idOf("hostile"), account: "modest" });
});

test("four hostile tenants cannot fill the memory of a node", () => {
  const cache = new ReplayCache(120_000);
  for (let holder = 0; holder < 100_000; holder++)
    cache.use(`${holder}`, 0, { tenant: idOf(`${holder % 4}`), account: `${holder % 400}` });
  for (let proof = 0; proof < 2_000; proof++)
    cache.use(`other ${proof}`, 0, { tenant: idOf("other"), account: "x" });
});
