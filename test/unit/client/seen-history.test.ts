import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { DeviceStore } from "../../../crypto/device/store.ts";
import { forgetLost, noteHistory, noteReviewed } from "../../../client/key-log/seen-history.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";

const leaf = () => new Uint8Array(randomBytes(32));
const [one, two, three] = [leaf(), leaf(), leaf()];

async function setUp() {
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const user = newId<UserId>();
  return {
    note: (leaves: readonly Uint8Array[], about = user) =>
      store.transact((each) =>
        noteHistory(each, about, { leaves, indexes: leaves.map((_, at) => 10 * at) }),
      ),
    forget: (size: number) => store.transact((each) => forgetLost(each, size)),
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
  await note([two], newId<UserId>());
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

test("entries that a restore lost may be missing, and earlier entries may not", async () => {
  const { note, review, forget } = await setUp();
  // The indexes are 0, 10 and 20.
  await note([one, two, three]);
  await review(3);
  await forget(11);
  await expect(note([one])).rejects.toMatchObject({ code: "rolled_back" });
  await expect(note([leaf(), two])).rejects.toMatchObject({ code: "mismatch" });
  expect(await note([one, two])).toBe(2);
  // What takes the place of the lost entry was not reviewed yet.
  expect(await note([one, two, leaf()])).toBe(2);
});
