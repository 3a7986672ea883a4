import type { MessageId } from "../../../crypto/wire/ids.ts";
import fc from "fast-check";
import { SendWindow, type Refusal } from "../../../client/conversation/send-window.ts";
import { idOf } from "../../../tools/testkit/ids.ts";

const rotated: Refusal = { kind: "rotated", epoch: 0, waitMs: 0 };
const packets: Refusal = { kind: "packets", epoch: 0, waitMs: 0 };
const later: Refusal = { kind: "later", epoch: 0, waitMs: 500 };

const firstKey = "7d9b7e16-65a5-4c1c-8c2c-5b1f8c4a4d01";
const nextKey = "7d9b7e16-65a5-4c1c-8c2c-5b1f8c4a4d02";

const a = idOf<MessageId>("a");
const b = idOf<MessageId>("b");
const c = idOf<MessageId>("c");
const d = idOf<MessageId>("d");

/** A window with entries that are sealed and sent. */
function sentWindow(ids: readonly MessageId[], size = 16): SendWindow {
  const window = new SendWindow(size);
  for (const id of ids) window.add(id, firstKey);
  window.open();
  for (const id of ids.slice(0, size)) window.sent(id);
  return window;
}

describe("the send window", () => {
  test("seals and then sends, in order, at most its size at a time", () => {
    const window = new SendWindow(2);
    for (const id of [a, b, c]) window.add(id, undefined);
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    window.open();
    expect(window.next(1, 0)).toEqual({ kind: "seal", ids: [a, b] });
    for (const id of [a, b]) window.sealed(id, firstKey);
    expect(window.next(1, 0)).toEqual({ kind: "send", id: a });
    window.sent(a);
    expect(window.next(1, 0)).toEqual({ kind: "send", id: b });
    window.sent(b);
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    window.remove(a);
    expect(window.next(1, 0)).toEqual({ kind: "seal", ids: [c] });
  });

  test("waits for every answer after a refusal, then seals unstored messages again", () => {
    const window = sentWindow([a, b, c, d]);
    window.remove(a);
    window.refused(b, rotated, 1, 0);
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    window.refused(c, rotated, 1, 0);
    window.refused(d, packets, 1, 0);
    expect(window.next(1, 0)).toEqual({ kind: "reseal", ids: [b, c, d] });
    window.unsealed([b, c, d]);
    expect(window.next(1, 0)).toEqual({ kind: "seal", ids: [b, c, d] });
  });

  test("refusals of an outdated sealing change nothing", () => {
    const window = sentWindow([a, b]);
    window.refused(a, rotated, 1, 0);
    window.refused(b, rotated, 1, 0);
    window.unsealed([a, b]);
    for (const id of [a, b]) window.sealed(id, nextKey);
    expect(window.refused(b, rotated, 1, 0)).toBe(true);
    expect(window.next(1, 0)).toEqual({ kind: "send", id: a });
  });

  test("an entry under another key waits for every answer to messages in flight", () => {
    const window = sentWindow([a, b]);
    window.add(c, undefined);
    // The members changed meanwhile. The relay refuses what is in flight and would accept this
    // entry.
    expect(window.next(2, 0)).toEqual({ kind: "seal", ids: [c] });
    window.sealed(c, nextKey);
    expect(window.next(2, 0)).toEqual({ kind: "idle" });
    window.remove(a);
    expect(window.next(2, 0)).toEqual({ kind: "idle" });
    window.refused(b, rotated, 2, 0);
    expect(window.next(2, 0)).toEqual({ kind: "reseal", ids: [b, c] });
  });

  test("under another key it is sent once everything before it is in the log", () => {
    const window = sentWindow([a]);
    window.add(b, nextKey);
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    window.remove(a);
    expect(window.next(1, 0)).toEqual({ kind: "send", id: b });
  });

  test("waits for the membership event if the relay's epoch is ahead", () => {
    const window = sentWindow([a]);
    window.refused(a, { ...rotated, epoch: 3 }, 1, 0);
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    expect(window.next(2, 0)).toEqual({ kind: "idle" });
    expect(window.next(3, 0)).toEqual({ kind: "reseal", ids: [a] });
  });

  test("a rate limit delays and keeps the sealings, with their packets", () => {
    const window = sentWindow([a, b]);
    window.refused(a, later, 1, 1_000);
    // It is refused only because the key's first message, with the packets, is not in the log.
    window.refused(b, packets, 1, 1_000);
    expect(window.next(1, 1_200)).toEqual({ kind: "wait", untilMs: 1_500 });
    expect(window.next(1, 1_500)).toEqual({ kind: "send", id: a });
  });

  test("after a lost connection the same entries are sent under the same sealings", () => {
    const window = sentWindow([a, b]);
    window.refused(a, rotated, 1, 0);
    window.lost();
    expect(window.next(1, 0)).toEqual({ kind: "idle" });
    window.remove(b);
    window.open();
    expect(window.next(1, 0)).toEqual({ kind: "send", id: a });
  });

  test("gives up a message that is refused repeatedly in one epoch", () => {
    const window = new SendWindow(16);
    window.add(a, firstKey);
    window.open();
    const verdicts = Array.from({ length: 9 }, (_, attempt) => {
      window.sent(a);
      const verdict = window.refused(a, rotated, 1 + (attempt < 4 ? 0 : 1), 0);
      window.unsealed([a]);
      window.sealed(a, firstKey);
      return verdict;
    });
    expect(verdicts).toEqual(Array(9).fill(true));
    for (let attempt = 0; attempt < 4; attempt++) {
      window.sent(a);
      window.refused(a, rotated, 2, 0);
    }
    window.sent(a);
    expect(window.refused(a, rotated, 2, 0)).toBe(false);
  });
});

/** A small relay. It stores a message once, and only under the key that it currently accepts. */
class RelayDouble {
  readonly log: MessageId[] = [];
  readonly sealedAs = new Map<string, number>();
  key = 0;
  receive(id: MessageId, key: number): "accepted" | "refused" {
    if (this.log.includes(id)) return "accepted";
    if (key !== this.key) return "refused";
    this.log.push(id);
    this.sealedAs.set(id, key);
    return "accepted";
  }
}

type Happening = "send" | "answer" | "rotate" | "lose" | "limit";

test("every message is stored once and in order, through any sequence of faults", () => {
  const happenings = fc.array(
    fc.constantFrom<Happening>(
      "send",
      "send",
      "send",
      "answer",
      "answer",
      "rotate",
      "lose",
      "limit",
    ),
    { maxLength: 400 },
  );
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 20 }), (script, count) => {
      const relay = new RelayDouble();
      const window = new SendWindow(4);
      const ids = Array.from({ length: count }, (_, index) => idOf<MessageId>(`m${index}`));
      const keyOf = new Map<string, number>();
      /** In flight: messages reach the relay in order. Answers come back in order or are lost. */
      let wire: { readonly id: MessageId; readonly key: number; readonly limited: boolean }[] = [];
      let limited = false;
      for (const id of ids) window.add(id, undefined);
      window.open();

      const answer = () => {
        const sent = wire.shift();
        if (sent === undefined) return;
        if (sent.limited) window.refused(sent.id, { ...later, waitMs: 0 }, 1, 0);
        else if (relay.receive(sent.id, sent.key) === "accepted") window.remove(sent.id);
        else window.refused(sent.id, rotated, 1, 0);
      };
      const send = () => {
        const step = window.next(1, 0);
        if (step.kind === "seal") {
          for (const id of step.ids) {
            keyOf.set(id, relay.key);
            window.sealed(id, `${relay.key}`);
          }
        } else if (step.kind === "reseal") window.unsealed(step.ids);
        else if (step.kind === "send") {
          wire.push({ id: step.id, key: keyOf.get(step.id) ?? -1, limited });
          limited = false;
          window.sent(step.id);
        }
      };
      for (const happening of script) {
        if (happening === "send") send();
        else if (happening === "answer") answer();
        else if (happening === "rotate") relay.key++;
        else if (happening === "limit") limited = true;
        else {
          // Some of what is in flight arrives, and none of it is answered. Then everything is made
          // known.
          for (const { id, key, limited: refused } of wire.slice(0, wire.length >> 1))
            if (!refused) relay.receive(id, key);
          wire = [];
          window.lost();
          for (const id of relay.log) window.remove(id);
          window.open();
        }
      }
      for (let turn = 0; turn < 50 * count + 100; turn++) {
        send();
        answer();
      }
      expect(relay.log.toSorted()).toEqual(ids.toSorted());
      if (!script.includes("limit")) expect(relay.log).toEqual(ids);
    }),
    {
      seed: 20_261_129,
      // The key rotates while three are in flight under it, and a fourth is sealed.
      examples: [[["send", "send", "answer", "send", "send", "send", "rotate", "send"], 5]],
    },
  );
});
