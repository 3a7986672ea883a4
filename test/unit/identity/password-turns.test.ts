import { isPassword, hashPassword } from "../../../identity/accounts/password.ts";
import { Secret } from "../../../keys/secret.ts";

test("a password of one tenant is checked before a flood at another tenant ends", async () => {
  const password = new Secret("a password that is long");
  const stored = await hashPassword(password);
  const order: string[] = [];
  const check = async (tenant: string, account: string) => {
    expect(await isPassword(stored, password, { tenant, account })).toBe(true);
    order.push(tenant);
  };
  const flood = Array.from({ length: 40 }, (_, account) => check("hostile", `${account}`));
  await Promise.all([...flood, check("other", "x")]);
  expect(order.indexOf("other")).toBeLessThan(10);
});
