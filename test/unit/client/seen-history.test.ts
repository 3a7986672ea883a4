import { randomBytes, randomUUID } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { noteHistory, noteReviewed } from "../../../client/key-log/seen-history.ts";

const leaf = () => new Uint8Array(randomBytes(32));
const [one, two, three] = [leaf(), leaf(), leaf()];

async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const user = randomUUID();
  return {
    note: (leaves: readonly Uint8Array[], about = user) =>
      store.transact((each) => noteHistory(each, about, { leaves })),
    review: (count: number) => store.transact((each) => noteReviewed(each, user, count)),
  };
}

test("the history of a user that was shown once must be shown again, and may grow", async () => {
  const { note } = await setUp();
  await note([]);
  await note([one, two]);
  await note([one, two]);
  await note([one, two, three]);
  await expect(note([one, two])).rejects.toMatchObject({ code: "rolled_back" });
  await expect(note([one, two, leaf()])).rejects.toMatchObject({ code: "mismatch" });
  // A log can hold an entry twice. So the last entry alone does not determine the ones before it.
  await expect(note([leaf(), two, three])).rejects.toMatchObject({ code: "mismatch" });
  await expect(note([leaf(), two, three, leaf()])).rejects.toMatchObject({ code: "mismatch" });
  // The refused history has changed nothing. Other users are separate.
  await note([one, two, three, leaf()]);
  await note([two], randomUUID());
});

test("a lookup does not count as a review", async () => {
  const { note, review } = await setUp();
  expect(await note([one])).toBe(0);
  expect(await note([one, two])).toBe(0);
  await review(2);
  expect(await note([one, two, three])).toBe(2);
  // A review that ends late does not undo a later one.
  await review(3);
  await review(2);
  expect(await note([one, two, three])).toBe(3);
});
