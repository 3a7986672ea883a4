import { conversation, setUp } from "./sending.ts";
import {
  getEntry,
  isOvertaken,
  putEntry,
  unsealAfter,
  unsealedEntry,
} from "../../../client/conversation/outbox.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { AttachmentId, MessageId } from "../../../crypto/wire/ids.ts";

describe("what was written before somebody came unseen", () => {
  test("is not sealed for them, also if it is a file whose upload ended later", async () => {
    const { sender, sent, log, state } = await setUp();
    const written = sender.assertOpen();
    log.advance({ ...state(2), seq: 9, arrivedAt: 9 });
    const sending = sender.sendAttachment(scan, newId<MessageId>(), written, () => undefined);
    await expect(sending).rejects.toMatchObject({ code: "arrived_unseen" });
    expect(sent).toEqual([]);
  });

  test("is known as such, also if the server lost the events after which it was written", async () => {
    const { store } = await setUp();
    const id = newId<MessageId>();
    await store.transact(async (transaction) => {
      putEntry(transaction, conversation, id, unsealedEntry({ text: "waits" }, 100));
      await unsealAfter(transaction, conversation, 90);
    });
    const entry = await store.read((transaction) => getEntry(transaction, conversation, id));
    expect(isOvertaken(entry!, 96)).toBe(true);
  });
});

const scan = {
  id: newId<AttachmentId>(),
  key: new Uint8Array(32),
  plaintextDigest: new Uint8Array(32),
  ciphertextDigest: new Uint8Array(32),
  chunkBytes: 1024,
  size: 5,
  name: "scan.png",
  mediaType: "image/png",
};
