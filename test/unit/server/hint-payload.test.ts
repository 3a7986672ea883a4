import { randomUUID } from "node:crypto";
import { decodeHint, encodeHints } from "../../../server/nodes/hint-payload.ts";
import { BatchedHints } from "../../../server/nodes/batched-hints.ts";
import type { HeadHint } from "../../../server/nodes/hints.ts";

const head = (changes: Partial<HeadHint> = {}): HeadHint => ({
  tenant: randomUUID(),
  conversation: randomUUID(),
  seq: Number.MAX_SAFE_INTEGER,
  membership: false,
  ...changes,
});

test("any number of hints goes into payloads that NOTIFY takes, and comes out as it went in", () => {
  const heads = Array.from({ length: 500 }, () => head());
  const devices = Array.from({ length: 300 }, () => ({
    device: randomUUID(),
    since: Number.MAX_SAFE_INTEGER,
  }));
  const payloads = encodeHints(randomUUID(), heads, devices);
  for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
  const hints = payloads.map(decodeHint);
  expect(hints.flatMap((hint) => hint?.heads ?? [])).toEqual(heads);
  expect(hints.flatMap((hint) => hint?.devices ?? [])).toEqual(devices);
});

test.each(["", "{}", "null", '{"node":"n","heads":[["a","b",1,true]],"devices":[]}'])(
  "%j is no hint",
  (text) => {
    expect(decodeHint(text)).toBeUndefined();
  },
);

test("one sending at a time; meanwhile only the newest of each conversation is kept", async () => {
  const sent: (readonly string[])[] = [];
  let finish = () => {};
  let told = () => {};
  const hints = await BatchedHints.open({
    node: "here",
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
  hints.announce([first]);
  await sending;
  sending = nextSending();
  const { tenant, conversation } = first;
  hints.announce([{ tenant, conversation, seq: 2, membership: true }]);
  hints.announce([{ tenant, conversation, seq: 3, membership: false }]);
  expect(sent).toHaveLength(1);
  finish();
  await sending;
  expect(sent.flat().map((payload) => decodeHint(payload)?.heads)).toEqual([
    [first],
    [{ tenant, conversation, seq: 3, membership: true }],
  ]);
  await hints.close();
});
