import fc from "fast-check";
import { FairShares } from "../../../policies/fair-shares.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const of = (tenant: string, account: string) => ({ tenant: idOf<TenantId>(tenant), account });

function takeUntilRefused(shares: FairShares, holder: ReturnType<typeof of>): number {
  for (let taken = 0; ; taken++) if (shares.take(holder) !== undefined) return taken;
}

test("an account, a tenant and a node have limits", () => {
  const shares = new FairShares({ node: 5, tenant: 4, account: 3 });
  expect(takeUntilRefused(shares, of("a", "one"))).toBe(3);
  expect(shares.take(of("a", "one"))).toBe("account");
  expect(shares.take(of("a", "two"))).toBeUndefined();
  expect(shares.take(of("a", "one"))).toBe("account");
  shares.release(of("a", "one"));
  expect(shares.held).toBe(3);
  expect(shares.take(of("a", "one"))).toBeUndefined();
});

test("a full tenant refuses its greedy accounts and serves a modest one", () => {
  const shares = new FairShares({ node: 1_000, tenant: 12, account: 6 });
  expect(takeUntilRefused(shares, of("a", "greedy"))).toBe(6);
  expect(takeUntilRefused(shares, of("a", "also greedy"))).toBe(6);
  expect(shares.take(of("a", "modest"))).toBeUndefined();
  expect(takeUntilRefused(shares, of("a", "modest"))).toBe(3);
  expect(shares.take(of("a", "modest"))).toBe("tenant");
});

test("a tenant holds what an operator permits it, and the others what the node does", () => {
  let most: number | undefined = 2;
  const shares = new FairShares({ node: 100, tenant: 4, account: 4 }, (tenant) =>
    tenant === idOf("a") ? most : undefined,
  );
  expect(takeUntilRefused(shares, of("a", "one"))).toBe(2);
  expect(takeUntilRefused(shares, of("b", "one"))).toBe(4);
  most = 3;
  expect(shares.take(of("a", "one"))).toBeUndefined();
  most = undefined;
  expect(shares.take(of("a", "one"))).toBeUndefined();
});

test("a full node refuses greedy tenants and serves every other one", () => {
  const shares = new FairShares({ node: 10, tenant: 10, account: 10 });
  expect(takeUntilRefused(shares, of("greedy", "x"))).toBe(10);
  expect(takeUntilRefused(shares, of("b", "x"))).toBe(5);
  expect(shares.take(of("b", "x"))).toBe("node");
  expect(takeUntilRefused(shares, of("c", "x"))).toBe(3);
});

test("a tenant that holds nothing is served, however many tenants there are", () => {
  const shares = new FairShares({ node: 2, tenant: 2, account: 2 });
  for (let index = 0; index < 100; index++)
    expect(shares.take(of(`tenant ${index}`, "x"))).toBeUndefined();
});

test("a tenant within its fair part is unaffected by every act of another tenant", () => {
  const action = fc.record({
    account: fc.nat(20),
    amount: fc.integer({ min: 1, max: 5 }),
    isRelease: fc.boolean(),
  });
  const limits = { node: 40, tenant: 30, account: 20 };
  fc.assert(
    fc.property(fc.array(action, { maxLength: 300 }), (actions) => {
      const shares = new FairShares(limits);
      const held: [ReturnType<typeof of>, number][] = [];
      for (const { account, amount, isRelease } of actions) {
        const last = isRelease ? held.pop() : undefined;
        if (last !== undefined) shares.release(...last);
        const holder = of("hostile", `${account}`);
        if (shares.take(holder, amount) === undefined) held.push([holder, amount]);
      }
      expect(takeUntilRefused(shares, of("modest", "x"))).toBe(20);
      for (const each of held) shares.release(...each);
      expect(shares.held).toBe(20);
    }),
    { seed: 7_401 },
  );
});
