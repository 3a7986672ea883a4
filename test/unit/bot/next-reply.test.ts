import fc from "fast-check";
import type { ConversationItem, UserId } from "../../../client/index.ts";
import { nextReply, type Judgement } from "../../../bot/next-reply.ts";
import { heard, mostOwed, newTalk, type HandOver, type Talk } from "../../../bot/talk.ts";
import { newId } from "../../../tools/testkit/ids.ts";

const ids = {
  self: newId<UserId>(),
  customer: newId<UserId>(),
  agent: newId<UserId>(),
  otherBot: newId<UserId>(),
};
const roleOf = { self: "bot", customer: "customer", agent: "agent", otherBot: "bot" } as const;
type Who = keyof typeof ids;

const limits = { answersPerMinute: 6, answersPerConversation: 30 };
const judge = (text: string): Judgement => ({
  isUrgent: text.startsWith("urgent"),
  answer: text.startsWith("known") ? `answer to ${text}` : undefined,
});

/** A step of a conversation: somebody says something, or a part of the log is gone. */
type Step =
  | { readonly who: Who; readonly text: string; readonly edits?: number; readonly atMs?: number }
  | { readonly who: Who; readonly file: true }
  | "gap";

function itemOf(step: Step, seq: number): ConversationItem {
  if (step === "gap") return { kind: "gap", seq, from: seq, to: seq, reason: "purged" };
  const said = { seq, sender: ids[step.who], mine: step.who === "self" };
  const { atMs = seq * 60_000 } = step as { readonly atMs?: number };
  const item =
    "file" in step
      ? { kind: "attachment", ...said }
      : { kind: "message", ...said, text: step.text, ...(step.edits && { edits: step.edits }) };
  return { ...item, receivedAtMs: atMs } as ConversationItem;
}

const members = Object.entries(ids).map(([who, user]) => ({
  user,
  role: roleOf[who as Who],
  devices: [],
}));
const joins = { kind: "created", seq: 1, members } as unknown as ConversationItem;

/** The talk after the bot came and these steps. */
const after = (steps: readonly Step[], handedOver?: HandOver): Talk =>
  [joins, ...steps.map((step, at) => itemOf(step, at + 2))].reduce(
    (talk, item) => heard(talk, { seq: item.seq, items: [item] }, ids.self),
    newTalk(handedOver),
  );

const replyTo = (steps: readonly Step[], handedOver?: HandOver) =>
  nextReply(after(steps, handedOver), judge, limits, 1e9);

const greeted: Step = { who: "self", text: "hello" };
const ask = (text: string): Step => ({ who: "customer", text });

test("it greets, answers each question once, and then waits", () => {
  expect(replyTo([])).toEqual({ kind: "greeting", at: 1 });
  expect(replyTo([greeted])).toBeUndefined();
  expect(replyTo([greeted, ask("known a")])).toMatchObject({
    kind: "answer",
    at: 3,
    text: "answer to known a",
  });
  expect(replyTo([greeted, ask("known a"), ask("known b"), greeted])).toMatchObject({
    at: 4,
    text: "answer to known b",
  });
  expect(replyTo([greeted, ask("known a"), greeted])).toBeUndefined();
});

test.each<[string, readonly Step[], object | undefined]>([
  ["unsure", [ask("what")], { at: 3, reason: "unsure" }],
  ["a file", [{ who: "customer", file: true }], { at: 3, reason: "unreadable" }],
  ["a gap", ["gap"], { at: 3, reason: "unreadable" }],
  ["urgent", [ask("urgent")], { at: 3, reason: "urgent" }],
  ["urgent after others", [ask("known"), ask("urgent")], { at: 3, reason: "urgent" }],
  ["an edit, also an urgent one", [{ who: "customer", text: "urgent", edits: 2 }], undefined],
  ["another bot", [{ who: "otherBot", text: "known a" }], undefined],
  ["a person has written", [{ who: "agent", text: "hi" }, ask("known a")], undefined],
  ["a person writes after a question", [ask("urgent"), { who: "agent", text: "hi" }], undefined],
])("%s", (_, steps, expected) => {
  const reply = replyTo([greeted, ...steps]);
  if (expected === undefined) expect(reply).toBeUndefined();
  else expect(reply).toEqual({ kind: "hand_over", ...expected });
});

test("an emergency is handed over instead of the greeting", () => {
  expect(replyTo([ask("urgent")])).toEqual({ kind: "hand_over", at: 1, reason: "urgent" });
});

test("without leave to look into texts it hands over, also what it would know", () => {
  const talk = after([greeted, ask("known a")]);
  expect(nextReply(talk, undefined, limits, 0)).toMatchObject({ reason: "not_allowed" });
});

test("it hands over when it has answered too often, in a minute or at all", () => {
  const rounds = (count: number, stepMs: number): readonly Step[] =>
    Array.from({ length: count }, (_, at) => [
      ask("known a"),
      { who: "self", text: "answer", atMs: at * stepMs } as const,
    ]).flat();
  const next = (steps: readonly Step[], nowMs: number) =>
    nextReply(after([...steps, ask("known a")]), judge, limits, nowMs);
  // The first reply counts as the greeting.
  expect(next(rounds(6, 1_000), 10_000)).toMatchObject({ kind: "hand_over", reason: "too_many" });
  expect(next(rounds(5, 1_000), 10_000)).toMatchObject({ kind: "answer" });
  expect(next(rounds(6, 1_000), 90_000)).toMatchObject({ kind: "answer" });
  expect(next(rounds(30, 60_000), 1e9)).toMatchObject({ reason: "too_many" });
});

test("a flood costs bounded memory and is handed over", () => {
  const flood = Array.from({ length: mostOwed * 4 }, () => ask("known a"));
  const talk = after([greeted, ...flood]);
  expect(talk.owed).toHaveLength(mostOwed);
  expect(nextReply(talk, judge, limits, 0)).toMatchObject({ reason: "too_many" });
});

test("what was decided before a crash is not decided again", () => {
  const handedOver = { at: 3, reason: "unsure" } as const;
  const asked = [greeted, ask("known a"), ask("known b")];
  expect(replyTo(asked, handedOver)).toEqual({ kind: "hand_over", ...handedOver });
  expect(replyTo([...asked, greeted], handedOver)).toBeUndefined();
  expect(replyTo([...asked, greeted, ask("urgent")], handedOver)).toBeUndefined();
});

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    who: fc.constantFrom<Who>("customer", "customer", "customer", "otherBot", "agent"),
    text: fc.constantFrom("known a", "known b", "what", "urgent"),
  }),
  fc.constant<Step>({ who: "customer", file: true }),
  fc.constant<Step>({ who: "customer", text: "urgent", edits: 2 }),
  fc.constant<Step>("gap"),
);

/** Plays a conversation: after each step the bot replies while it may, and it restarts before the steps in `kills`. */
function play(steps: readonly Step[], kills: readonly boolean[]) {
  const log: Step[] = [];
  const replies: { readonly log: readonly Step[]; readonly kind: string; readonly at: number }[] =
    [];
  let handedOver: HandOver | undefined;
  let talk = after(log);
  const settle = () => {
    for (;;) {
      const reply = nextReply(talk, judge, limits, 1e12);
      if (reply === undefined) return;
      if (reply.kind === "hand_over") {
        handedOver ??= reply;
        talk = { ...talk, handedOver, owed: talk.owed.slice(0, 1) };
      }
      replies.push({ log: [...log], ...reply });
      add({ who: "self", text: reply.kind });
    }
  };
  const add = (next: Step) => {
    log.push(next);
    const seq = log.length + 1;
    talk = heard(talk, { seq, items: [itemOf(next, seq)] }, ids.self);
  };
  settle();
  for (const [at, next] of steps.entries()) {
    if (kills[at] === true) talk = after(log, handedOver);
    add(next);
    settle();
  }
  return replies;
}

const plays = fc.tuple(fc.array(step, { maxLength: 20 }), fc.array(fc.boolean()));

test("in every conversation: nothing is answered twice, and silence is kept", () => {
  fc.assert(
    fc.property(plays, ([steps, kills]) => {
      const replies = play(steps, kills);
      const places = replies.map(({ at }) => at);
      expect(new Set(places).size).toBe(places.length);
      // Restarts change nothing.
      expect(replies).toEqual(play(steps, []));
      for (const [index, { log, kind, at }] of replies.entries()) {
        const isPerson = (each: Step) => each !== "gap" && each.who === "agent";
        expect(log.some(isPerson)).toBe(false);
        if (kind === "hand_over") expect(index).toBe(replies.length - 1);
        const asked = log[at - 2];
        if (kind === "answer") expect(asked).toMatchObject({ who: "customer" });
        if (kind === "answer") expect(JSON.stringify(asked)).not.toContain('"urgent"');
      }
    }),
    { seed: 7, numRuns: 500 },
  );
});
