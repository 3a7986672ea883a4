import { setImmediate as turn } from "node:timers/promises";
import { FairSemaphore, fairPlaces } from "../../../db/fairness/fair-semaphore.ts";

const waiting = { node: 100, tenant: 50, account: 10 };
/** Nobody is limited for what they used before. */
const calm = { heavy: { tenant: 100, account: 100 }, monotonic: () => 0 };
const of = (tenant: string, account: string) => ({ tenant, account });

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

test("who waits for too much, or for too long, is refused alone", async () => {
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
  let nowMs = 0;
  const semaphore = new FairSemaphore({
    places: { node: 7, tenant: 5, account: 4 },
    heavy: { tenant: 1, account: 1 },
    waiting,
    patienceMs: 60_000,
    monotonic: () => nowMs,
  });
  const { inside, enter, leave } = entering(semaphore);
  const use = async (name: string, holder: ReturnType<typeof of>, forMs: number) => {
    await enter(name, holder);
    nowMs += forMs;
    await leave(name);
  };
  const flood = async (name: string, count: number): Promise<string[]> => {
    inside.length = 0;
    const all = Array.from({ length: count }, (_, index) =>
      enter(`${name}${index}`, of("flooding", `account ${index}`)),
    );
    await turn();
    const first = [...inside];
    for (let index = 0; index < count; index++) await leave(`${name}${index}`);
    await Promise.all(all);
    return first;
  };
  await use("long", of("flooding", "account 0"), 3_000);
  expect(await flood("alone", 6)).toHaveLength(5);
  await use("short", of("other", "account"), 1);
  expect(await flood("beside", 6)).toEqual(["beside0"]);
  // The other tenant keeps its places.
  inside.length = 0;
  for (let index = 0; index < 5; index++) void enter(`other${index}`, of("other", `${index}`));
  await turn();
  expect(inside).toHaveLength(5);
  for (let index = 0; index < 5; index++) await leave(`other${index}`);
  // Whoever waited while the tenant had few places gets the places that it has later.
  await use("long again", of("flooding", "account 0"), 3_000);
  inside.length = 0;
  const waited = ["w0", "w1", "w2", "w3", "w4"].map((name, index) =>
    enter(name, of("flooding", `account ${index}`)),
  );
  await turn();
  expect(inside).toEqual(["w0"]);
  nowMs += 20_000;
  await leave("w0");
  expect(inside).toEqual(["w0", "w1", "w2", "w3", "w4"]);
  for (let index = 1; index < 5; index++) await leave(`w${index}`);
  await Promise.all(waited);
  // After a while of little use the tenant gets its places again.
  nowMs += 5_000;
  await use("again", of("other", "account"), 1);
  expect(await flood("later", 6)).toHaveLength(5);
});
