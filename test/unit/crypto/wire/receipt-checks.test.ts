/** Which event a receipt counts for: one place of one log, and exactly what the event does. */
import { hash } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { zeroHash } from "../../../../crypto/wire/event.ts";
import type { Control, EventKind, Member } from "../../../../crypto/wire/frame.ts";
import type {
  ActId,
  ConversationId,
  DeviceId,
  TenantId,
  UserId,
} from "../../../../crypto/wire/ids.ts";
import { membersToSign } from "../../../../crypto/wire/membership.ts";
import {
  encodeReceipt,
  type Consent,
  type HistoryGrant,
  type LogPoint,
  type MembershipReceipt,
  type Receipt,
} from "../../../../crypto/wire/receipt.ts";
import { isInPlace, needsReceipt, receiptFor } from "../../../../crypto/wire/receipt-checks.ts";
import { membersBytes } from "../../../../crypto/wire/signed-records.ts";
import { newId } from "../../../../tools/testkit/ids.ts";

const sha256 = (input: Uint8Array) => hash("sha256", input, "buffer");

describe("the place of a receipt", () => {
  /** A log of messages and other events, with a hash for each. */
  const logs = fc.array(fc.boolean(), { minLength: 1, maxLength: 30 });
  const hashOf = (seq: number, branch = 0) =>
    seq === 0 ? zeroHash : sha256(Uint8Array.of(seq, branch));
  const point = (seq: number, branch = 0): LogPoint => ({ seq, hash: hashOf(seq, branch) });
  /** What is known at the next place of a log. `isMessage` says it of each event, from 1 on. */
  const placeAfter = (isMessage: readonly boolean[], after: LogPoint) => ({
    seq: isMessage.length + 1,
    changedAt: isMessage.lastIndexOf(false) + 1,
    hash: after.seq > isMessage.length ? undefined : hashOf(after.seq),
  });
  const counts = (isMessage: readonly boolean[], after: LogPoint) =>
    isInPlace(after, placeAfter(isMessage, after));

  test("is after the event that the signer saw, with any number of messages between", () => {
    fc.assert(
      fc.property(logs, fc.nat(20), (log, messages) => {
        const after = point(log.length);
        expect(counts([...log, ...Array.from({ length: messages }, () => true)], after)).toBe(true);
      }),
      { seed: 20261131, numRuns: 200 },
    );
  });

  test("is none once its event, or another one, is in the log", () => {
    fc.assert(
      fc.property(logs, logs, fc.nat(30), (log, later, at) => {
        const after = point(Math.min(at, log.length));
        expect(counts([...log, false, ...later], after)).toBe(false);
      }),
      { seed: 20261132, numRuns: 200 },
    );
  });

  test("is none in another log, and none before the event that it follows", () => {
    fc.assert(
      fc.property(logs, fc.nat(5), (log, ahead) => {
        expect(counts(log, point(log.length, 1))).toBe(false);
        expect(counts(log, point(log.length + 1 + ahead))).toBe(false);
      }),
      { seed: 20261133, numRuns: 200 },
    );
  });

  test("is judged without the hash where nobody has it", () => {
    expect(isInPlace(point(3, 1), { seq: 9, changedAt: 2, hash: undefined })).toBe(true);
    expect(isInPlace(point(3), { seq: 9, changedAt: 4, hash: undefined })).toBe(false);
  });
});

const member = (role: string, ...devices: readonly DeviceId[]): Member => ({
  user: newId<UserId>(),
  role,
  devices,
});
const tenant = newId<TenantId>();
const conversation = newId<ConversationId>();
const device = newId<DeviceId>();
const agent = member("agent", device);
const customer = member("customer", newId<DeviceId>());
const colleague = member("agent", newId<DeviceId>());
const before: readonly Member[] = [customer, agent];
const common = {
  version: 1,
  tenant,
  conversation,
  after: { seq: 4, hash: zeroHash },
  atMs: 9,
} as const;

function signedAct(
  kind: MembershipReceipt["kind"],
  members: readonly Member[],
  subject = colleague.user,
): MembershipReceipt {
  return {
    ...common,
    type: "membership",
    id: newId<ActId>(),
    kind,
    actor: agent.user,
    actorDevice: device,
    subject,
    epoch: 7,
    members: sha256(membersBytes(members)),
  };
}
const consent: Consent = {
  ...common,
  type: "consent",
  id: newId(),
  user: agent.user,
  device,
  purpose: "history_sharing",
  state: "given",
  record: new Uint8Array(32).fill(6),
};
const grant: HistoryGrant = {
  ...common,
  type: "history_grant",
  id: newId(),
  grantor: agent.user,
  grantorDevice: device,
  recipient: colleague.user,
  recipientDevices: colleague.devices,
  fromSeq: 1,
  toSeq: 2,
  fromHash: zeroHash,
  toHash: zeroHash,
  purpose: "hand_over",
  consent: undefined,
  packs: [{ attachment: newId(), digest: zeroHash }],
};
const contentOf = (receipt: Receipt, members: readonly Member[], subject: UserId): Control => ({
  epoch: 7,
  actor: agent.user,
  subject,
  members,
  creation: undefined,
  receipt: { text: encodeReceipt(receipt), signature: new Uint8Array(64) },
  signer: undefined,
  staffCertificate: undefined,
});

const added = membersToSign(before, { kind: "member_added", subject: colleague.user }, [colleague]);
type Row = readonly [EventKind, Receipt, Control];
const row = (
  kind: EventKind,
  receipt: Receipt,
  members = before,
  subject = colleague.user,
): Row => [kind, receipt, contentOf(receipt, members, subject)];
const acts: readonly Row[] = [
  row("member_added", signedAct("member_added", added), added),
  row("member_removed", signedAct("member_removed", before)),
  row("closed", signedAct("closed", before, agent.user), before, agent.user),
  row("created", signedAct("created", before, agent.user), before, agent.user),
  row("history_granted", grant),
  row("consent_changed", consent, before, agent.user),
];

describe.each(acts)("a receipt of %s", (kind, receipt, control) => {
  const event = { kind, conversation, senderDevice: device };
  const at = (changes: Partial<typeof event>, content: Control = control, of = tenant) =>
    receiptFor(sha256, of, { ...event, ...changes }, content);

  test("is for the event that does what it says", () => {
    expect(needsReceipt(kind)).toBe(true);
    expect(at({})).toEqual(receipt);
  });

  test("is for no other event", () => {
    for (const [other] of acts) if (other !== kind) expect(at({ kind: other })).toBeUndefined();
    expect(at({ conversation: newId<ConversationId>() })).toBeUndefined();
    expect(at({ senderDevice: newId<DeviceId>() })).toBeUndefined();
    expect(at({}, control, newId<TenantId>())).toBeUndefined();
    for (const field of ["actor", "subject"] as const)
      expect(at({}, { ...control, [field]: newId<UserId>() })).toBeUndefined();
    expect(at({}, { ...control, receipt: undefined })).toBeUndefined();
    const text = Uint8Array.of(1, 2, 3);
    const signature = new Uint8Array(64);
    expect(at({}, { ...control, receipt: { text, signature } })).toBeUndefined();
  });
});

test.each(acts.filter(([, { type }]) => type === "membership"))(
  "a receipt of %s is for these members and this epoch",
  (kind, _, control) => {
    const event = { kind, conversation, senderDevice: device };
    const [first = customer, ...others] = control.members;
    for (const members of [
      others,
      [...control.members, member("bot")],
      [...others, first],
      [{ ...first, role: "supervisor" }, ...others],
      [{ ...first, devices: [] }, ...others],
      [{ ...first, devices: [...first.devices, newId<DeviceId>()] }, ...others],
      [{ ...first, user: newId<UserId>() }, ...others],
    ])
      expect(receiptFor(sha256, tenant, event, { ...control, members })).toBeUndefined();
    expect(receiptFor(sha256, tenant, event, { ...control, epoch: 8 })).toBeUndefined();
  },
);

test("two lists of members have two encodings", () => {
  const ids = fc.constantFrom(...Array.from({ length: 4 }, () => newId<UserId>()));
  const devices = fc.constantFrom(...Array.from({ length: 4 }, () => newId<DeviceId>()));
  const lists = fc.array(
    fc.record({
      user: ids,
      role: fc.constantFrom("agent", "bot", ""),
      devices: fc.array(devices, { maxLength: 3 }),
    }),
    { maxLength: 4 },
  );
  fc.assert(
    fc.property(lists, lists, (one, other) => {
      const isSame = JSON.stringify(one) === JSON.stringify(other);
      expect(Buffer.compare(membersBytes(one), membersBytes(other)) === 0).toBe(isSame);
    }),
    { seed: 20261134, numRuns: 500 },
  );
});

test("a message and a change of devices carry no receipt", () => {
  for (const kind of ["message", "device_added", "device_removed"] as const)
    expect(needsReceipt(kind)).toBe(false);
});
