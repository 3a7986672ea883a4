import { readOptions } from "../../../../tools/scenarios/options.ts";
import { unmetDemands } from "../../../../tools/scenarios/scenario.ts";

test("every demand that was not met is named, and what was not counted is not met", () => {
  const demands = {
    opened: 0,
    auditVerified: true,
    steps: { atLeast: 3 },
    killedSteps: { sameAs: "steps" },
  };
  expect(
    unmetDemands(demands, { opened: 0, auditVerified: true, steps: 3, killedSteps: 3 }),
  ).toEqual([]);
  expect(
    unmetDemands(demands, { opened: 1, auditVerified: false, steps: 2, killedSteps: 1 }),
  ).toEqual([
    "opened is 1 and must be 0.",
    "auditVerified is false and must be true.",
    "steps is 2 and must be at least 3.",
    "killedSteps is 1 and must be the same as steps, which is 2.",
  ]);
  expect(unmetDemands({ opened: 0, same: { sameAs: "absent" } }, {})).toEqual([
    "opened was not counted.",
    "same was not counted.",
  ]);
});

test("options name their mistake", () => {
  const known = ["S1", "S10"];
  expect(readOptions(["s10", "--seed", "7", "--json"], known)).toEqual({
    ids: ["S10"],
    file: undefined,
    messages: 100_000,
    seed: 7,
    json: true,
  });
  expect(readOptions([], known)).toMatchObject({ ids: known, seed: 1, json: false });
  expect(readOptions(["--help"], known)).toBeUndefined();
  expect(() => readOptions(["S2"], known)).toThrow("There is no scenario S2. There are S1, S10.");
  expect(() => readOptions(["--seed", "-1"], known)).toThrow();
});
