import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../../client/index.ts";
import { lockStore } from "../../../client/store-lock.ts";
import { LocksDouble } from "../../support/locks-double.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "sealdesk-lock-"));
});
afterEach(() => rm(folder, { recursive: true }));

const code = (error: unknown): unknown => (error as { readonly code?: unknown }).code;

test("a second tab is refused until the first closes the store", async () => {
  const locks = new LocksDouble();
  const location = join(folder, "device");
  const key = randomBytes(32);
  const first = await openStore(location, key, locks);
  expect(await openStore(location, key, locks).catch(code)).toBe("store_in_use");
  // Another store is independent.
  await (await openStore(join(folder, "other"), key, locks)).close();
  await first.close();
  expect(locks.held).toEqual(new Set());
  await (await openStore(location, key, locks)).close();
});

test("a refused tab has not touched the store", async () => {
  const locks = new LocksDouble();
  const location = join(folder, "device");
  const release = await lockStore(locks, location);
  expect(await openStore(location, "a passphrase", locks).catch(code)).toBe("store_in_use");
  await release();
  // If it had been touched, there would be a salt or LevelDB's own lock.
  await (await openStore(location, randomBytes(32), locks)).close();
});

test("a store that does not open can be opened by the next attempt", async () => {
  const locks = new LocksDouble();
  const key = randomBytes(32);
  await (await openStore(folder, key, locks)).close();
  expect(await openStore(folder, randomBytes(32), locks).catch(code)).toBe("wrong_key");
  await (await openStore(folder, key, locks)).close();
});

test("without Web Locks, LevelDB refuses the second", async () => {
  const key = randomBytes(32);
  const first = await openStore(folder, key, undefined);
  expect(await openStore(folder, key, undefined).catch(code)).toBe("store_in_use");
  await first.close();
});
