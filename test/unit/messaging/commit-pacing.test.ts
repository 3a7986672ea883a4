import { jest } from "@jest/globals";
import { CommitPacing } from "../../../messaging/log/commit-pacing.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { TenantId } from "../../../crypto/wire/ids.ts";

/** Begins a batch of 4 ms whenever the tenant may, for a second. */
function commitFor(pacing: CommitPacing, clock: { nowMs: number }, tenant: TenantId): number {
  const endMs = clock.nowMs + 1_000;
  let batches = 0;
  while (clock.nowMs < endMs) {
    if (!pacing.mayBegin(tenant)) {
      clock.nowMs++;
      continue;
    }
    const end = pacing.begin(tenant);
    clock.nowMs += 4;
    end();
    batches++;
  }
  return batches;
}

test("a tenant that keeps the committers busy beside others commits fewer batches, and alone it does not wait", () => {
  const clock = { nowMs: 0 };
  const pacing = new CommitPacing(
    () => clock.nowMs,
    () => undefined,
  );
  expect(commitFor(pacing, clock, idOf("busy"))).toBe(250);
  pacing.begin(idOf("other"))();
  expect(pacing.mayBegin(idOf("other"))).toBe(true);
  expect(commitFor(pacing, clock, idOf("busy"))).toBe(40);
  // Nobody else was active for some seconds.
  for (let second = 0; second < 5; second++) commitFor(pacing, clock, idOf("busy"));
  expect(commitFor(pacing, clock, idOf("busy"))).toBe(250);
});

test("a waiting tenant is called once, when all may begin", () => {
  jest.useFakeTimers();
  let called = 0;
  const pacing = new CommitPacing(
    () => 0,
    () => void called++,
  );
  pacing.callWhenDue();
  pacing.callWhenDue();
  jest.advanceTimersByTime(100);
  expect(called).toBe(1);
  pacing.callWhenDue();
  jest.advanceTimersByTime(100);
  expect(called).toBe(2);
  jest.useRealTimers();
});
