import { decideDestruction, decideMove, retryAfterMs } from "../../../policies/case-machine.ts";
import { sampleMachine } from "../../../tools/testkit/sample-case.ts";

test("a case goes only where its machine says", () => {
  expect(decideMove(sampleMachine, "checking", "finishing").allowed).toBe(true);
  expect(decideMove(sampleMachine, "checking", "done").reasons).toEqual(["not_next_state"]);
  expect(decideMove(sampleMachine, "done", "checking").reasons).toEqual(["not_next_state"]);
  expect(decideMove(sampleMachine, "checking", "elsewhere").reasons).toEqual(["no_such_state"]);
  expect(decideMove(sampleMachine, "constructor", "done").reasons).toEqual(["not_next_state"]);
  expect(decideMove(sampleMachine, "checking", "constructor").reasons).toEqual(["no_such_state"]);
});

test("nothing is destroyed while the clocks are over 2 seconds apart", () => {
  expect(decideDestruction(10_000, 12_000).allowed).toBe(true);
  expect(decideDestruction(10_000, 12_001).allowed).toBe(false);
  expect(decideDestruction(12_001, 10_000).allowed).toBe(false);
});

test("a step is tried again ever later, and at least every minute", () => {
  expect([1, 2, 3, 6, 7, 1_000_000].map(retryAfterMs)).toEqual([
    1_000, 2_000, 4_000, 32_000, 60_000, 60_000,
  ]);
});
