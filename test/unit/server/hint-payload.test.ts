import { randomBytes, randomUUID } from "node:crypto";
import { Secret } from "../../../keys/secret.ts";
import { decodeHint, encodeHints } from "../../../server/nodes/hint-payload.ts";
import { BatchedHints } from "../../../server/nodes/batched-hints.ts";
import { hintSeal } from "../../../server/nodes/hint-seal.ts";
import type { HeadHint } from "../../../server/nodes/hints.ts";
import { newId } from "../../../tools/testkit/ids.ts";
import type { TenantId, UserId, DeviceId, ConversationId } from "../../../crypto/wire/ids.ts";

const newKey = () => new Secret<Uint8Array>(randomBytes(32));
const key = newKey();
const seal = hintSeal(() => [key]);

const head = (changes: Partial<HeadHint> = {}): HeadHint => ({
  tenant: newId<TenantId>(),
  conversation: newId<ConversationId>(),
  seq: Number.MAX_SAFE_INTEGER,
  membership: false,
  ...changes,
});

test("any number of hints fits payloads that NOTIFY accepts, and is read back unchanged", () => {
  const heads = Array.from({ length: 500 }, () => head());
  const devices = Array.from({ length: 300 }, () => ({
    device: newId<DeviceId>(),
    sinceMicros: Number.MAX_SAFE_INTEGER,
  }));
  const ended = Array.from({ length: 90 }, () => ({
    tenant: newId<TenantId>(),
    device: newId<DeviceId>(),
  }));
  const activities = Array.from({ length: 90 }, () => ({
    conversation: newId<ConversationId>(),
    device: newId<DeviceId>(),
    kind: "delivered" as const,
    seq: Number.MAX_SAFE_INTEGER,
  }));
  const presences = Array.from({ length: 90 }, () => ({
    tenant: newId<TenantId>(),
    user: newId<UserId>(),
    state: "offline" as const,
    sinceMs: Number.MAX_SAFE_INTEGER,
  }));
  const sender = {
    node: randomUUID(),
    at: 123_456_789.123_456,
    listeningSinceMs: 123_456_789.123_456,
  };
  const payloads = encodeHints(sender, { heads, devices, ended, activities, presences });
  for (const payload of payloads) expect(Buffer.byteLength(seal.seal(payload))).toBeLessThan(8_000);
  const hints = payloads.map(decodeHint);
  expect(hints.flatMap((hint) => hint?.heads ?? [])).toEqual(heads);
  expect(hints.flatMap((hint) => hint?.devices ?? [])).toEqual(devices);
  expect(hints.flatMap((hint) => hint?.ended ?? [])).toEqual(ended);
  expect(hints.flatMap((hint) => hint?.activities ?? [])).toEqual(activities);
  expect(hints.flatMap((hint) => hint?.presences ?? [])).toEqual(presences);
  expect(encodeHints(sender, {}).map(decodeHint)).toEqual([
    { ...sender, heads: [], devices: [], ended: [], activities: [], presences: [] },
  ]);
});

test.each(["", "{}", "null", '{"node":"n","at":1,"heads":[["a","b",1,true]]}'])(
  "%j is no hint",
  (text) => {
    expect(decodeHint(text)).toBeUndefined();
  },
);

test("only payloads sealed by a node are read; during a rotation both keys are accepted", () => {
  const [newer, newest] = [newKey(), newKey()];
  const payload = JSON.stringify({ node: "n", at: 1 });
  const sealed = seal.seal(payload);
  expect(seal.open(sealed)).toBe(payload);
  expect(hintSeal(() => [newer, key]).open(sealed)).toBe(payload);
  for (const text of [
    payload,
    `${sealed} `,
    sealed.slice(1),
    sealed.slice(0, 43),
    "",
    "é".repeat(50),
  ])
    expect(seal.open(text)).toBeUndefined();
  expect(hintSeal(() => [newer]).open(sealed)).toBeUndefined();
  expect(hintSeal(() => [newest, newer, key]).open(sealed)).toBeUndefined();
});

test("a sealed payload that somebody repeats is read again", () => {
  const sealed = seal.seal("typing");
  expect([seal.open(sealed), seal.open(sealed)]).toEqual(["typing", "typing"]);
});

test("one send at a time; meanwhile only the newest hint of each conversation is kept", async () => {
  const sent: (readonly string[])[] = [];
  let finish = () => {};
  let told = () => {};
  const hints = await BatchedHints.open({
    node: "here",
    seal,
    flushMs: 0,
    listener: { onHint: () => undefined, onListening: () => undefined },
    onLost: () => undefined,
    open: async () => ({
      send(payloads) {
        sent.push(payloads);
        told();
        return new Promise((resolve) => (finish = resolve));
      },
      close: async () => undefined,
    }),
  });
  const nextSending = () => new Promise<void>((resolve) => (told = resolve));
  const first = head({ seq: 1 });
  let sending = nextSending();
  hints.announce({ heads: [first] });
  await sending;
  sending = nextSending();
  const { tenant, conversation } = first;
  hints.announce({ heads: [{ tenant, conversation, seq: 2, membership: true }] });
  hints.announce({ heads: [{ tenant, conversation, seq: 3, membership: false }] });
  expect(sent).toHaveLength(1);
  finish();
  await sending;
  const opened = sent.flat().map((text) => seal.open(text) ?? "");
  expect(opened.map((payload) => decodeHint(payload)?.heads)).toEqual([
    [first],
    [{ tenant, conversation, seq: 3, membership: true }],
  ]);
  await hints.close();
});
