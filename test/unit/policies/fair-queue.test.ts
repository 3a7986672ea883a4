import { FairQueue } from "../../../policies/fair-queue.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const of = (tenant: string, account: string) => ({ tenant: idOf<TenantId>(tenant), account });

function drained(queue: FairQueue<string>): string[] {
  const taken: string[] = [];
  for (let item = queue.take(); item !== undefined; item = queue.take()) taken.push(item);
  return taken;
}

test("tenants are served in turn, and so are the accounts of a tenant", () => {
  const queue = new FairQueue<string>();
  for (const item of ["a1", "a2", "a3"]) queue.push(of("t", "a"), item);
  queue.push(of("t", "b"), "b1");
  for (const item of ["c1", "c2"]) queue.push(of("u", "c"), item);
  expect(queue.size).toBe(6);
  expect(drained(queue)).toEqual(["a1", "c1", "b1", "c2", "a2", "a3"]);
  expect(queue.size).toBe(0);
});

test("a newcomer waits one turn, however long the queue of another is", () => {
  const queue = new FairQueue<string>();
  for (let index = 0; index < 1_000; index++) queue.push(of("flood", "x"), "flood");
  expect(queue.take()).toBe("flood");
  queue.push(of("modest", "y"), "modest");
  expect([queue.take(), queue.take()]).toContain("modest");
});

test("a waiting item that may not be served is passed over and stays first", () => {
  const queue = new FairQueue<string>();
  queue.push(of("t", "a"), "a");
  queue.push(of("u", "b"), "b");
  expect(queue.take((tenant) => tenant !== "t")).toBe("b");
  expect(queue.take((tenant) => tenant !== "t")).toBeUndefined();
  expect(queue.take(undefined, ({ account }) => account !== "a")).toBeUndefined();
  expect(queue.take()).toBe("a");
});

test("an item that is removed is not served", () => {
  const queue = new FairQueue<string>();
  queue.push(of("t", "a"), "left");
  queue.push(of("t", "a"), "stays");
  queue.remove(of("t", "a"), "left");
  queue.remove(of("t", "a"), "left");
  expect([queue.size, ...drained(queue)]).toEqual([1, "stays"]);
});
