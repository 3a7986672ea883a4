import { encodeControl, encodeFrame, wireLimits, type Member } from "../../../crypto/wire/frame.ts";
import { maxReceiptBytes } from "../../../crypto/wire/receipt.ts";
import type { DeviceId, UserId } from "../../../crypto/wire/ids.ts";
import { newConversation } from "../../../contract/conversations.ts";
import { roles } from "../../../policies/actor.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { connect, newDevice, newRoom, seal } from "../crypto/device/devices.ts";
import {
  exceededLimit,
  MAX_MEMBER_DEVICES,
  MAX_MEMBERS,
} from "../../../policies/conversation-limits.ts";

const limits = { perCustomer: 3, perMember: 5 };
const room = { begun: 2, ofMember: 4, devices: MAX_MEMBER_DEVICES, members: MAX_MEMBERS };

test("there is room up to each limit, and not beyond it", () => {
  expect(exceededLimit(room, limits)).toBeUndefined();
  expect(exceededLimit({ ...room, begun: 3 }, limits)).toBe("customer_conversations");
  expect(exceededLimit({ ...room, ofMember: 5 }, limits)).toBe("member_conversations");
  expect(exceededLimit({ ...room, devices: MAX_MEMBER_DEVICES + 1 }, limits)).toBe(
    "member_devices",
  );
  expect(exceededLimit({ ...room, members: MAX_MEMBERS + 1 }, limits)).toBe("members");
});

test("the largest membership events of the largest conversation stay within their size limit", () => {
  const longest = roles.toSorted((one, other) => other.length - one.length)[0] ?? "";
  const members = Array.from({ length: MAX_MEMBERS }, (): Member => ({
    user: newId<UserId>(),
    role: longest,
    devices: [],
  }));
  const devices = Array.from({ length: MAX_MEMBER_DEVICES }, () => newId<DeviceId>());
  const full = members.map((member, at) => (at === 0 ? { ...member, devices } : member));
  const bytes = (length: number) => new Uint8Array(length).fill(255);
  const base = {
    epoch: 2 ** 32 - 1,
    actor: newId<UserId>(),
    subject: newId<UserId>(),
    members: full,
    creation: undefined,
    receipt: undefined,
    signer: undefined,
    staffCertificate: undefined,
  };
  const receipt = { text: bytes(maxReceiptBytes), signature: bytes(64) };
  const key = bytes(32);
  const signer = {
    user: newId<UserId>(),
    accountKey: key,
    deviceKey: key,
    identityKey: bytes(33),
    receiptKey: key,
    certificate: bytes(64),
  };
  expect(encodeControl({ ...base, receipt, signer }).length).toBeLessThan(wireLimits.control);

  // As many as a request for a new conversation may name, and its creator.
  const users = Array.from({ length: 256 }, () => newId<UserId>());
  const request = { id: newId(), suite: "signal-v1", creationSignature: "A".repeat(86) };
  expect(newConversation.safeParse({ ...request, members: users }).success).toBe(false);
  const creation = {
    suite: "signal-v1",
    device: newId<DeviceId>(),
    signature: bytes(64),
    creator: signer,
    users,
  };
  const act = { text: bytes(1024), signature: bytes(64) };
  const all = { ...base, creation, receipt: act, signer };
  expect(encodeControl(all).length).toBeLessThan(wireLimits.control);
});

test("the longest message fits into a frame if it begins a session with each device of the largest conversation", async () => {
  const [sender, receiver] = [await newDevice(), await newDevice()];
  await connect(sender, receiver);
  const talk = newRoom();
  const {
    keyId,
    packets: [packet],
  } = await seal(sender, [receiver], talk);
  const frame = encodeFrame({
    kind: "send",
    body: {
      conversation: talk.conversation,
      clientMessageId: newId(),
      epoch: 2 ** 32 - 1,
      keyId,
      ciphertext: new Uint8Array(wireLimits.ciphertext),
      commitment: new Uint8Array(32),
      packets: Array.from({ length: MAX_MEMBER_DEVICES - 1 }, () => packet!),
    },
  });
  expect(frame.length).toBeLessThan(wireLimits.frame);
  // Ids of prekeys take a few bytes more when they are larger.
  expect(wireLimits.frame - frame.length).toBeGreaterThan(16 * wireLimits.packets);
});
