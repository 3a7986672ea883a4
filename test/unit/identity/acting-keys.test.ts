import { ActingKeys } from "../../../identity/reconcile/acting-keys.ts";

const [LISTED, OTHER] = ["a".repeat(16), "b".repeat(16)];
const at = (atMs: number, isPruned = false) => ({ atMs, index: 7, isPruned });
const MINUTE_MS = 60_000;

/** A key was added, and removed at 0. */
function afterRemoval(): ActingKeys {
  const keys = new ActingKeys();
  keys.list([LISTED], -1);
  keys.act(LISTED, at(-1));
  keys.list([], 0);
  return keys;
}

test("a key that no entry lists is a stranger until the operator removes it", () => {
  const keys = afterRemoval();
  keys.act(OTHER, at(1));
  expect([...keys.strangers.keys()]).toEqual([OTHER]);
  keys.remove(OTHER);
  expect(keys.strangers.size).toBe(0);
});

test("a row with the id of a removed key is a stranger; a request that was being served is not", () => {
  const keys = afterRemoval();
  keys.act(LISTED, at(10 * MINUTE_MS));
  expect(keys.strangers.size).toBe(0);
  const copy = new ActingKeys(keys);
  copy.act(LISTED, at(10 * MINUTE_MS + 1));
  expect([...copy.strangers.keys()]).toEqual([LISTED]);
  expect(keys.strangers.size).toBe(0);
});

test("after pruning, an unlisted key is a stranger from the next list on", () => {
  const keys = new ActingKeys();
  keys.act(OTHER, at(1, true));
  expect(keys.strangers.size).toBe(0);
  keys.list([LISTED], 2);
  keys.act(LISTED, at(3, true));
  keys.act(OTHER, at(3, true));
  expect([...keys.strangers.keys()]).toEqual([OTHER]);
});
