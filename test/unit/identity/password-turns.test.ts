import { isPassword, hashPassword } from "../../../identity/passwords/password-hash.ts";
import { Secret } from "../../../keys/secret.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

test("a password of one tenant is checked before a flood at another tenant ends", async () => {
  const password = new Secret("a password that is long");
  const stored = await hashPassword(password, []);
  const order: string[] = [];
  const check = async (tenant: TenantId, account: string) => {
    expect(await isPassword(stored, password, { tenant, account })).toBe(true);
    order.push(tenant);
  };
  const flood = Array.from({ length: 40 }, (_, account) => check(idOf("hostile"), `${account}`));
  await Promise.all([...flood, check(idOf("other"), "x")]);
  // Without turns it would be the last one.
  expect(order.indexOf("other")).toBeLessThan(20);
});
