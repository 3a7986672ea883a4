import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { readBack, saveGap } from "../../../client/conversation/history.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { ConversationId } from "../../../crypto/wire/ids.ts";

const conversation = newId<ConversationId>();
const numbers = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function storeWith(seqs: readonly number[]): Promise<DeviceStore> {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  await store.transact(async (transaction) => {
    for (const seq of seqs)
      saveGap(transaction, conversation, { from: seq, to: seq, reason: "purged" });
  });
  return store;
}

const readFrom = (store: DeviceStore, seq: number): Promise<number[]> =>
  store.read(async (transaction) => {
    const found: number[] = [];
    for await (const [at] of readBack(transaction, conversation, seq)) found.push(at);
    return found;
  });

const farAway = 2 ** 50;

test.each([
  ["none", []],
  ["one", [1]],
  ["many", numbers(1, 1_000)],
  ["many, with a hole", [...numbers(1, 700), ...numbers(5_000, 5_900)]],
  ["few, with holes of any size", [3, 4, 1_000_000, farAway, farAway + 9]],
  ["many on either side of a large hole", [...numbers(1, 600), ...numbers(farAway, farAway + 600)]],
])("the events are read from the latest to the earliest: %s", async (_, seqs) => {
  const store = await storeWith(seqs);
  const latest = seqs.at(-1) ?? 10;
  expect(await readFrom(store, latest)).toEqual(seqs.toReversed());
  expect(await readFrom(store, latest - 1)).toEqual(seqs.toReversed().slice(1));
});
