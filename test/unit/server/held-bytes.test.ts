import { HeldBytes } from "../../../server/held-bytes.ts";
import type { TenantId, UserId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const limits = { network: 10, site: 12, strangers: 15, account: 20, tenant: 30, node: 40 };
const stranger = (network: string) => ({ kind: "stranger", network }) as const;
const account = (tenant: string, user: string) =>
  ({ kind: "account", tenant: idOf<TenantId>(tenant), user: idOf<UserId>(user) }) as const;

test("a network, and all strangers together, hold no more than their share", () => {
  const held = new HeldBytes(limits);
  const [first, again, other] = [stranger("a"), stranger("a"), stranger("b")].map((sender) =>
    held.open(sender),
  );
  expect(first?.grow(10)).toBeUndefined();
  expect(again?.grow(1)).toBe("sender");
  expect(other?.grow(6)).toBe("everybody");
  expect(other?.grow(5)).toBeUndefined();
  expect(held.total).toBe(15);
});

test("the many networks of one IPv6 site leave a part of the share to others", () => {
  const held = new HeldBytes(limits);
  expect(held.open(stranger("2001:db8:1:1")).grow(10)).toBeUndefined();
  expect(held.open(stranger("2001:db8:1:2")).grow(3)).toBe("everybody");
  expect(held.open(stranger("2001:db8:1:2")).grow(2)).toBeUndefined();
  expect(held.open(stranger("2001:db8:2:1")).grow(3)).toBeUndefined();
});

test("an account, a tenant and the node hold no more than their limits, beside any load of strangers", () => {
  const held = new HeldBytes(limits);
  held.open(stranger("a")).grow(10);
  expect(held.open(account("t", "u")).grow(20)).toBeUndefined();
  expect(held.open(account("t", "u")).grow(1)).toBe("sender");
  expect(held.open(account("t", "v")).grow(11)).toBe("everybody");
  expect(held.open(account("t", "v")).grow(10)).toBeUndefined();
  expect(held.open(account("s", "w")).grow(1)).toBe("everybody");
});

test("refused bytes are not held, and released bytes make room once", () => {
  const held = new HeldBytes(limits);
  const hold = held.open(stranger("a"));
  hold.grow(8);
  expect(hold.grow(3)).toBe("sender");
  expect(held.total).toBe(8);
  hold.release();
  hold.release();
  expect(held.total).toBe(0);
  expect(hold.grow(10)).toBeUndefined();
  hold.release();
  expect(held.total).toBe(0);
});
