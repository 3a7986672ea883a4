import { Secret } from "../../../keys/secret.ts";
import { Attempts } from "../../../server/http/attempts.ts";
import { limiterFactory } from "../../../server/http/rate-limiter.ts";

const createLimiter = limiterFactory(undefined, () => new Secret(new Uint8Array(32)));
const attemptsOf = (burst: number) =>
  new Attempts(createLimiter("test", { burst, secondsPerFurther: 600 }));

const turn = () => new Promise((resolve) => setImmediate(resolve));
const range = (count: number) => Array.from({ length: count }, (_, index) => index);
const refused = expect.objectContaining({
  code: "rate_limited",
  retryAfterSeconds: expect.any(Number),
});

/** Runs `count` attempts at once. @returns how many ran in all and at most at once, and the results */
async function runAtOnce(attempts: Attempts, count: number, succeeds: (index: number) => boolean) {
  let running = 0;
  let most = 0;
  let ran = 0;
  const results = await Promise.allSettled(
    range(count).map((index) =>
      attempts.run("key", async () => {
        ran++;
        most = Math.max(most, ++running);
        await turn();
        running--;
        return succeeds(index);
      }),
    ),
  );
  return { ran, most, results };
}

test("people who do nothing wrong do not refuse each other, however many come at once", async () => {
  const attempts = attemptsOf(3);
  const { most, results } = await runAtOnce(attempts, 200, () => true);
  expect(results).toEqual(range(200).map(() => ({ status: "fulfilled", value: true })));
  expect(most).toBe(3);
});

test("a few run at a time, so that one node does not take the whole limit", async () => {
  const { most, ran } = await runAtOnce(attemptsOf(1_000), 50, () => true);
  expect(ran).toBe(50);
  expect(most).toBe(8);
});

test("guesses at the same time do not exceed the limit", async () => {
  const attempts = attemptsOf(10);
  const { ran, results } = await runAtOnce(attempts, 100, () => false);
  expect(ran).toBe(10);
  const reasons = results.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  expect(reasons).toEqual(range(90).map(() => refused));
  await expect(attempts.run("key", async () => true)).rejects.toEqual(refused);
  await expect(attempts.run("another", async () => true)).resolves.toBe(true);
});

test("successes among failures are let through while the limit leaves room", async () => {
  const { results } = await runAtOnce(attemptsOf(10), 60, (index) => index % 10 !== 0);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(60);
});

test("an attempt that throws does not count", async () => {
  const attempts = attemptsOf(2);
  for (const _ of range(5))
    await expect(
      attempts.run("key", () => Promise.reject(new Error("the database is away"))),
    ).rejects.toThrow("the database is away");
  await expect(attempts.run("key", async () => true)).resolves.toBe(true);
});

test("a limit of one at a time serves everybody in turn", async () => {
  const { most, results } = await runAtOnce(attemptsOf(1), 20, () => true);
  expect(most).toBe(1);
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(20);
});
