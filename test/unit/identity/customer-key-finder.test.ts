import type { JWK } from "jose";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { CustomerKeyFinder } from "../../../identity/tokens/customer-keys/customer-key-finder.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const keyNamed = (kid: string): JWK => ({ kty: "OKP", crv: "Ed25519", x: "x", kid });
const tenantAt = (url: string | null, revoked: readonly string[] = []) => ({
  id: newId<TenantId>(),
  customerKeys: { keys: [keyNamed("given")] },
  customerJwksUrl: url,
  revokedCustomerKids: revoked,
});

/** A finder whose sets are in memory, at a time that the test chooses. */
function begin(kids: readonly string[] = ["first"]) {
  const world = {
    kids,
    isDown: false,
    hang: undefined as Promise<void> | undefined,
    fetches: [] as string[],
    failures: 0,
    nowMs: 1e12,
  };
  const finder = new CustomerKeyFinder({
    async fetch(url) {
      world.fetches.push(url);
      await world.hang;
      if (world.isDown) throw new Error("unreachable");
      return world.kids.map(keyNamed);
    },
    onFailed: () => void world.failures++,
  });
  const find = async (tenant: ReturnType<typeof tenantAt>, kid: string) => {
    const found = await finder.of(tenant, world.nowMs)(kid);
    return found.refusal ?? found.key.kid;
  };
  return { world, find };
}

test("names that nobody has cause one fetch in 30 seconds for each tenant, and known keys none", async () => {
  const { world, find } = begin();
  const [attacked, other] = [tenantAt("https://a.example/"), tenantAt("https://b.example/")];
  for (let at = 0; at < 1_000; at++) expect(await find(attacked, `none-${at}`)).toBe("unknown_key");
  expect(world.fetches).toEqual(["https://a.example/"]);
  expect(await find(attacked, "first")).toBe("first");
  expect(await find(other, "first")).toBe("first");
  expect(world.fetches).toEqual(["https://a.example/", "https://b.example/"]);
  world.nowMs += 30 * SECOND;
  await Promise.allSettled(Array.from({ length: 100 }, (_, at) => find(attacked, `some-${at}`)));
  expect(world.fetches).toHaveLength(3);
});

test("a new key is found by a fetch, and both count while both are published", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.kids = ["first", "second"];
  world.nowMs += 30 * SECOND;
  expect(await find(tenant, "second")).toBe("second");
  expect(await find(tenant, "first")).toBe("first");
});

test("a key that left the set is refused after five minutes", async () => {
  const { world, find } = begin(["first", "second"]);
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.kids = ["second"];
  world.nowMs += 5 * MINUTE - 1;
  expect(await find(tenant, "first")).toBe("first");
  world.nowMs += 1;
  expect(await find(tenant, "first")).toBe("unknown_key");
});

test("the last set counts for an hour of an outage, and the outage is told", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.isDown = true;
  world.nowMs += 60 * MINUTE - 1;
  expect(await find(tenant, "first")).toBe("first");
  expect(world.failures).toBe(1);
  world.nowMs += 1;
  expect(await find(tenant, "first")).toBe("keys_unavailable");
  expect(await find(tenant, "given")).toBe("given");
  world.isDown = false;
  world.nowMs += 30 * SECOND;
  expect(await find(tenant, "first")).toBe("first");
});

test("a clock that was put back does not make an old set current", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.kids = [];
  world.nowMs -= 30 * MINUTE;
  expect(await find(tenant, "first")).toBe("unknown_key");
});

test("a revoked key is refused, from the operator or from the set, without a fetch", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/", ["first", "given"]);
  expect(await find(tenant, "first")).toBe("revoked_key");
  expect(await find(tenant, "given")).toBe("revoked_key");
  expect(world.fetches).toEqual([]);
});

test("another URL of the tenant is another set", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.kids = ["moved"];
  const moved = { ...tenant, customerJwksUrl: "https://c.example/" };
  expect(await find(moved, "first")).toBe("unknown_key");
  expect(await find(moved, "moved")).toBe("moved");
});

/** A server that does not answer until `answer` is called. */
function hanging() {
  let answer: () => void = () => undefined;
  const hang = new Promise<void>((resolve) => {
    answer = resolve;
  });
  return { hang, answer };
}

test("during an outage, a known key does not wait for the server, and the set is fetched meanwhile", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  world.isDown = true;
  world.nowMs += 5 * MINUTE;
  expect(await find(tenant, "first")).toBe("first");
  world.nowMs += 30 * SECOND;
  const { hang, answer } = hanging();
  Object.assign(world, { hang, isDown: false, kids: ["second"] });
  expect(await find(tenant, "first")).toBe("first");
  expect(world.fetches).toHaveLength(3);
  answer();
  await new Promise(setImmediate);
  expect(await find(tenant, "first")).toBe("unknown_key");
  expect(await find(tenant, "second")).toBe("second");
});

test("a key that left the set is not used while the set is fetched, unless a fetch failed before", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  const { hang, answer } = hanging();
  Object.assign(world, { hang, kids: [] });
  world.nowMs += 5 * MINUTE;
  const waiting = [find(tenant, "first"), find(tenant, "first")];
  answer();
  expect(await Promise.all(waiting)).toEqual(["unknown_key", "unknown_key"]);
});

test("one caller waits for an unknown key, and others are refused at once", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  expect(await find(tenant, "first")).toBe("first");
  const { hang, answer } = hanging();
  Object.assign(world, { hang, kids: ["first", "second"] });
  world.nowMs += 30 * SECOND;
  const waits = find(tenant, "second");
  for (const kid of ["second", "made-up"])
    await expect(find(tenant, kid)).rejects.toMatchObject({ code: "overloaded" });
  expect(await find(tenant, "first")).toBe("first");
  answer();
  expect(await waits).toBe("second");
});

test("everybody waits for the first fetch of a set", async () => {
  const { world, find } = begin();
  const tenant = tenantAt("https://a.example/");
  const { hang, answer } = hanging();
  Object.assign(world, { hang });
  const waiting = [find(tenant, "first"), find(tenant, "first")];
  answer();
  expect(await Promise.all(waiting)).toEqual(["first", "first"]);
});
