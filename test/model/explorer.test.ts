import { expect, test } from "@jest/globals";
import { MemoryLevel } from "memory-level";
import { loadStates, saveState } from "../../client/conversation/state.ts";
import { DeviceStore } from "../../crypto/device/store.ts";
import type { ConversationId } from "../../crypto/wire/ids.ts";
import { newId } from "../../tools/testkit/ids.ts";
import { explore } from "./explore.ts";
import { faults } from "./faults.ts";
import { rules } from "./rules.ts";
import { linked } from "./scenarios.ts";

const bounds = { lastSeq: 5, messages: 1, steps: 3, depth: 4 };

test.each(faults)(
  "the explorer finds out a device that $name ($rule)",
  ({ rules: faulty, breaks, scenario, bounds: further }) => {
    const { counterexample } = explore(faulty, scenario, { ...bounds, ...further });
    expect(counterexample?.at(-1)).toMatch(breaks);
  },
);

test("a restart brings back the state that a device had (R24)", async () => {
  const { devices } = explore(rules, linked, { ...bounds, depth: 3 });
  const saved = devices.flatMap(({ state }) =>
    state === undefined ? [] : [[newId<ConversationId>(), state] as const],
  );
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, new Uint8Array(32));
  await store.transact((transaction) => {
    for (const [id, state] of saved) saveState(transaction, id, state);
    return Promise.resolve();
  });
  const loaded = new Map(await loadStates(store));
  for (const [id, state] of saved) expect(loaded.get(id)).toEqual(state);
  expect(saved.length).toBeGreaterThan(1_000);
});

test("a search that leaves mirror images out reaches the same states", () => {
  const search = { ...bounds, depth: 3 };
  const all = explore(rules, linked, { ...search, images: true });
  const reduced = explore(rules, linked, search);
  expect(reduced.states).toBe(all.states);
  expect(reduced.devices.length).toBeLessThan(all.devices.length);
});
