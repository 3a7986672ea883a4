import { setImmediate as turn } from "node:timers/promises";
import { jest } from "@jest/globals";
import { FairSemaphore, fairPlaces } from "../../../db/fairness/fair-semaphore.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const waiting = { node: 100, tenant: 50, account: 10 };
/** Nobody is limited for what they used before. */
const calm = { heavy: { tenant: 100, account: 100 }, monotonic: () => 0 };
const of = (tenant: string, account: string) => ({ tenant: idOf<TenantId>(tenant), account });

/** Enters and notes under which name. */
function entering(semaphore: FairSemaphore) {
  const inside: string[] = [];
  const leaves = new Map<string, () => void>();
  return {
    inside,
    enter: async (name: string, holder?: ReturnType<typeof of>) => {
      const leave = await semaphore.enter(holder);
      inside.push(name);
      leaves.set(name, leave);
    },
    leave: async (name: string) => {
      leaves.get(name)?.();
      await turn();
    },
  };
}

test("a third of the places is left to other tenants, and of a tenant's to its other accounts", () => {
  expect(fairPlaces(7, 8)).toMatchObject({
    places: { node: 7, tenant: 5, account: 4 },
    heavy: { tenant: 4, account: 2 },
  });
  expect(fairPlaces(3, 2)).toMatchObject({
    places: { node: 3, tenant: 2, account: 2 },
    heavy: { tenant: 1, account: 1 },
  });
  expect(fairPlaces(1, 24)).toMatchObject({
    places: { node: 1, tenant: 1, account: 1 },
    heavy: { tenant: 1, account: 1 },
  });
});

test("an account and a tenant that hold all they may leave places for others", async () => {
  const semaphore = new FairSemaphore({
    places: { node: 4, tenant: 3, account: 2 },
    waiting,
    patienceMs: 60_000,
    ...calm,
  });
  const { inside, enter, leave } = entering(semaphore);
  const flood = Array.from({ length: 8 }, (_, index) => enter(`a${index}`, of("t", "a")));
  await turn();
  expect(inside).toEqual(["a0", "a1"]);
  const second = [enter("b0", of("t", "b")), enter("b1", of("t", "b"))];
  await turn();
  expect(inside).toEqual(["a0", "a1", "b0"]);
  await enter("other", of("u", "c"));
  expect(inside).toEqual(["a0", "a1", "b0", "other"]);
  await leave("a0");
  // The places of the tenant are served in turn.
  expect(inside.at(-1)).toBe("a2");
  await leave("b0");
  expect(inside.at(-1)).toBe("b1");
  for (let index = 1; index < 8; index++) await leave(`a${index}`);
  await Promise.all([...flood, ...second]);
});

test("the server's own work goes first", async () => {
  const semaphore = new FairSemaphore({
    places: { node: 1, tenant: 1, account: 1 },
    waiting,
    patienceMs: 60_000,
    ...calm,
  });
  const { inside, enter, leave } = entering(semaphore);
  await enter("first", of("t", "a"));
  const queued = [enter("second", of("t", "a")), enter("own")];
  await leave("first");
  expect(inside).toEqual(["first", "own"]);
  await leave("own");
  await Promise.all(queued);
  expect(inside).toEqual(["first", "own", "second"]);
});

test("a holder that waits for too much, or for too long, is refused alone", async () => {
  const semaphore = new FairSemaphore({
    places: { node: 1, tenant: 1, account: 1 },
    waiting,
    patienceMs: 20,
    ...calm,
  });
  const overloaded = { code: "overloaded" };
  const leave = await semaphore.enter(of("t", "a"));
  const flood = Array.from({ length: 10 }, () => semaphore.enter(of("t", "a")));
  const refused = Promise.allSettled(flood);
  await expect(semaphore.enter(of("t", "a"))).rejects.toMatchObject(overloaded);
  expect((await refused).map(({ status }) => status)).toEqual(Array(10).fill("rejected"));
  leave();
  (await semaphore.enter(of("t", "a")))();
  (await semaphore.enter(of("u", "b")))();
});

test("a tenant that uses more than the others gets few places, and all of them alone", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate"], now: 0 });
  const semaphore = new FairSemaphore({
    places: { node: 7, tenant: 5, account: 4 },
    heavy: { tenant: 1, account: 1 },
    waiting,
    patienceMs: 60_000,
    monotonic: () => Date.now(),
  });
  const { inside, enter, leave } = entering(semaphore);
  const flood = Array.from({ length: 12 }, (_, index) =>
    enter(`f${index}`, of("flooding", `account ${index}`)),
  );
  await turn();
  expect(inside).toEqual(["f0", "f1", "f2", "f3", "f4"]);
  // Alone it keeps its places, however long it holds them.
  jest.advanceTimersByTime(5_000);
  await leave("f0");
  expect(inside.slice(5)).toEqual(["f5"]);
  await enter("other", of("other", "account"));
  for (const name of ["f1", "f2", "f3", "f4"]) await leave(name);
  expect(inside.slice(6)).toEqual(["other"]);
  await leave("f5");
  // What it held rests as long as it was held, and at most 250 ms.
  jest.advanceTimersByTime(249);
  await turn();
  expect(inside.slice(7)).toEqual([]);
  jest.advanceTimersByTime(1);
  await turn();
  expect(inside.slice(7)).toEqual(["f6"]);
  // The other tenant keeps its places.
  for (let index = 0; index < 4; index++) await enter(`o${index}`, of("other", `${index}`));
  for (let index = 0; index < 4; index++) await leave(`o${index}`);
  await leave("other");
  // Whoever waits gets the places that the tenant has again, when anybody leaves.
  jest.advanceTimersByTime(15_000);
  inside.length = 0;
  await leave("f6");
  expect(inside).toEqual(["f7", "f8", "f9", "f10", "f11"]);
  for (let index = 7; index < 12; index++) await leave(`f${index}`);
  await Promise.all(flood);
  jest.useRealTimers();
});

test("one piece of work that takes long does not keep the others of its tenant waiting", async () => {
  jest.useFakeTimers({ doNotFake: ["setImmediate"], now: 0 });
  try {
    const semaphore = new FairSemaphore({
      places: { node: 7, tenant: 5, account: 5 },
      heavy: { tenant: 1, account: 1 },
      waiting,
      patienceMs: 60_000,
      monotonic: () => Date.now(),
    });
    const { inside, enter, leave } = entering(semaphore);
    const busy = of("busy", "a");
    for (const name of ["b0", "b1", "b2", "b3"]) await enter(name, busy);
    jest.advanceTimersByTime(3_000);
    await enter("other", of("other", "b"));
    for (const name of ["b0", "b1", "b2", "b3"]) await leave(name);
    jest.advanceTimersByTime(250);
    await enter("b4", busy);
    const waited = enter("b5", busy);
    await turn();
    expect(inside).toHaveLength(6);
    // The place of b4 has been held for so long that it keeps nobody waiting.
    jest.advanceTimersByTime(1_000);
    await waited;
    for (const name of ["b4", "b5", "other"]) await leave(name);
  } finally {
    jest.useRealTimers();
  }
});
