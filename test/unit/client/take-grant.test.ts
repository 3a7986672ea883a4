/** Which packs a device takes from a grant. */
import { randomBytes } from "node:crypto";
import { MemoryLevel } from "memory-level";
import { expect, test } from "@jest/globals";
import { loadIncoming } from "../../../client/history/incoming-job.ts";
import { encodePackKeys } from "../../../client/history/packet.ts";
import { takeGrant } from "../../../client/history/take-grant.ts";
import { maxPackBytes } from "../../../crypto/device/history-pack.ts";
import { DeviceStore } from "../../../crypto/device/store.ts";
import type { Deliver } from "../../../crypto/wire/frame.ts";
import type { AttachmentId, DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import type { HistoryGrant } from "../../../crypto/wire/receipt.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { account } from "./granted-log.ts";

const random = (length: number) => new Uint8Array(randomBytes(length));

test.each([
  ["the largest size", maxPackBytes, []],
  ["a larger size", maxPackBytes + 1, ["grant_unreadable"]],
])("a pack of %s", async (_name, size, codes) => {
  const empty = new Uint8Array(0);
  const attachment = newId<AttachmentId>();
  const digest = random(32);
  const keys = encodePackKeys([
    {
      id: attachment,
      name: empty,
      mediaType: empty,
      size,
      key: random(32),
      plaintextDigest: random(32),
      ciphertextDigest: digest,
      chunkBytes: 65_536,
    },
  ]);
  const grant = {
    id: newId(),
    conversation: newId(),
    grantor: newId<UserId>(),
    recipientDevices: [account.device],
    fromSeq: 1,
    toSeq: 1,
    fromHash: digest,
    toHash: digest,
    packs: [{ attachment, digest }],
  } as unknown as HistoryGrant;
  const event = { seq: 2, packet: empty, senderDevice: newId<DeviceId>() } as Deliver;
  const suite = { openFrom: () => Promise.resolve(keys) } as never;
  const level = new MemoryLevel<string, Uint8Array>({ valueEncoding: "view" });
  const store = await DeviceStore.open(level, randomBytes(32));
  const deps = { suite, account, localClock: { now: () => 0 } as never };
  const problems = await store.transact((each) => takeGrant(deps, each, event, grant));
  expect(problems.map(({ code }) => code)).toEqual(codes);
  expect(await loadIncoming(store)).toHaveLength(codes.length === 0 ? 1 : 0);
});
