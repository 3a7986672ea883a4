import { Retry } from "../../../client/attachments/retry.ts";
import { SealdeskError } from "../../../client/errors.ts";
import type { Clock } from "../../../client/runtime.ts";

/** Every wait is over at once. */
const clock = { after: (_ms: number, done: () => void) => (queueMicrotask(done), () => undefined) };
const retry = () => new Retry(clock as unknown as Clock, new AbortController().signal);

/** How often a failure is got over before it is thrown, at most 20 times. */
async function gotOver(failure: Error): Promise<number> {
  const attempts = retry();
  for (let count = 0; count < 20; count++)
    try {
      await attempts.after(failure);
    } catch {
      return count;
    }
  return 20;
}

test.each([
  ["a failing network", new SealdeskError("network", "x"), 20],
  ["a page of a filter with status 403", new SealdeskError("forbidden", "x", { status: 403 }), 5],
  ["a gateway's 404", new SealdeskError("request_refused", "x", { status: 404 }), 5],
  ["a success that is not the server's", new SealdeskError("invalid_response", "x"), 5],
  [
    "a refusal of the server itself",
    new SealdeskError("forbidden", "x", { status: 403, problem: "forbidden" }),
    0,
  ],
  ["a failing store", new SealdeskError("store_failed", "x"), 0],
])("%s is got over as often as it may pass", async (_what, error, times) => {
  expect(await gotOver(error)).toBe(times);
});

test("one success in between resets the count", async () => {
  const attempts = retry();
  const page = new SealdeskError("forbidden", "x", { status: 403 });
  for (let round = 0; round < 3; round++) {
    for (let count = 0; count < 5; count++) await attempts.after(page);
    attempts.succeeded();
  }
  await expect(attempts.after(page)).resolves.toBeUndefined();
});
