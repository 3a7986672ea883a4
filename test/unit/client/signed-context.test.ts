/**
 * Every field that a message's signature covers counts: for a message that is delivered, and for one that is
 * granted. In each row, one field differs between what was signed and where the message stands.
 */
import { grantedRecord } from "../../../client/history/granted-record.ts";
import { signMessage } from "../../../crypto/device/authorship.ts";
import { commit } from "../../../crypto/device/franking.ts";
import { openMessage } from "../../../crypto/device/open-message.ts";
import { pad } from "../../../crypto/device/padding.ts";
import { encodePayload, type MessageContext } from "../../../crypto/wire/payload.ts";
import { createSigner, generateSigningKey } from "../../../crypto/device/sodium.ts";
import { zeroHash } from "../../../crypto/wire/event.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import { delivery, newGroup, newRoom, seal, type TestDevice } from "../crypto/device/devices.ts";

interface Signed {
  readonly context: MessageContext;
  readonly author: TestDevice["author"];
  readonly commitment: Uint8Array;
}

const sign = await createSigner(generateSigningKey().privateKey);

const fields: readonly (readonly [string, (signed: Signed) => Signed])[] = [
  ["key", (signed) => ({ ...signed, author: { ...signed.author, sign } })],
  ["tenant", (signed) => ({ ...signed, author: { ...signed.author, tenant: newId() } })],
  ["user", (signed) => ({ ...signed, author: { ...signed.author, user: newId() } })],
  ["conversation", (signed) => within(signed, { conversation: newId() })],
  ["device", (signed) => within(signed, { senderDevice: newId() })],
  ["epoch", (signed) => within(signed, { epoch: 2 })],
  ["id", (signed) => within(signed, { clientMessageId: newId() })],
  ["commitment", (signed) => ({ ...signed, commitment: zeroHash })],
];

const within = (signed: Signed, changes: Partial<MessageContext>): Signed => ({
  ...signed,
  context: { ...signed.context, ...changes },
});

/** A message of one device to another, whose signature is of something else. */
async function arrange(change: (signed: Signed) => Signed) {
  const [from, to] = await newGroup(2);
  const context = {
    ...newRoom(),
    senderDevice: from.id,
    clientMessageId: newId(),
  } as MessageContext;
  const lastSeen = { seq: 1, transcriptHash: zeroHash };
  const payload = encodePayload({ ...context, lastSeen, body: { kind: "text", text: "yes" } });
  const frankingKey = new Uint8Array(32).fill(5);
  const commitment = commit(frankingKey, payload);
  const signed = change({ context, author: from.author, commitment });
  const signature = await signMessage(signed.context, signed.commitment, signed.author);
  return { from, to: to!, context, payload, frankingKey, commitment, signature };
}

type Arranged = Awaited<ReturnType<typeof arrange>>;

async function deliver({ from, to, context, commitment, ...franked }: Arranged) {
  const sealed = await seal(from, [to], context, pad(franked));
  const message = { ...delivery(from, to, context, sealed), ...context, commitment };
  return to.transact((tx) => openMessage(tx, to.suite, message, from.author));
}

function grant({ from, context, payload, frankingKey, commitment, signature }: Arranged) {
  const { conversation, ...header } = context;
  const link = {
    ...header,
    kind: "message" as const,
    receivedAtMs: 1,
    commitment,
    frankingTag: zeroHash,
    transcriptHash: zeroHash,
    control: undefined,
  };
  const member = { user: from.author.user, role: "agent", devices: [from.id] };
  return grantedRecord(
    link,
    { seq: 4, payload, frankingKey, signature },
    {
      conversation,
      grantor: newId(),
      author: from.author,
      members: { epoch: context.epoch, members: [member] },
      change: undefined,
      isRepeated: false,
    },
  ).record;
}

test("a message is shown where its signature says that it stands", async () => {
  const arranged = await arrange((signed) => signed);
  expect((await deliver(arranged)).body).toEqual({ kind: "text", text: "yes" });
  expect(grant(arranged)).toMatchObject({ text: "yes", problems: [] });
});

describe.each(fields)("a signature with another %s", (_field, change) => {
  test("is refused in a delivered message", async () => {
    await expect(deliver(await arrange(change))).rejects.toMatchObject({
      name: "DeviceError",
      code: "invalid_signature",
    });
  });

  test("is refused in a granted message", async () => {
    expect(grant(await arrange(change))).toMatchObject({
      text: undefined,
      payload: undefined,
      problems: [{ code: "author_unverified" }],
    });
  });
});
