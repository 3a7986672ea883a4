import { expect, test } from "@jest/globals";
import { explore } from "./explore.ts";
import { rules } from "./rules.ts";
import {
  beginnings,
  colleagues,
  deep,
  linked,
  newcomer,
  relisted,
  removed,
  signed,
} from "./scenarios.ts";

const bounds = { lastSeq: 5, messages: 1, steps: 3, depth: 4 };

// The time limit is for machines that do much else. A search takes about ten seconds of one core.
test.each([
  ["at the beginning of a conversation", beginnings, bounds],
  ["between three accounts", colleagues, bounds],
  ["between two accounts, one of which has two devices", linked, bounds],
  ["while a third account comes", newcomer, bounds],
  ["if it cannot sign for members", signed, { ...bounds, steps: 2 }],
  ["over more steps", deep, { ...bounds, depth: 6 }],
  ["while a removed device helps the relay", removed, { ...bounds, steps: 4, depth: 5 }],
  ["while a removed device is listed again", relisted, { ...bounds, steps: 4, depth: 6 }],
])(
  "whatever the relay does, three devices keep the promises: %s",
  (_, scenario, search) => {
    const { states, counterexample } = explore(rules, scenario, search);
    expect(counterexample).toBeUndefined();
    expect(states).toBeGreaterThan(100_000);
  },
  600_000,
);
