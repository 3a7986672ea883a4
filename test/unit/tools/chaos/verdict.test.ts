import { journalOf } from "../../../../tools/chaos/journal/journal-file.ts";
import {
  formatLine,
  parseLine,
  type JournalLine,
} from "../../../../tools/chaos/journal/journal-line.ts";
import { isGood } from "../../../../tools/chaos/report.ts";
import {
  judge,
  type LoggedConversation,
  type Verdict,
} from "../../../../tools/chaos/verdict/judge.ts";
import type { DeviceId } from "../../../../crypto/wire/ids.ts";
import { idOf, newId } from "../../../../tools/testkit/ids.ts";

const [a, b] = [newId<DeviceId>(), newId<DeviceId>()];

/**
 * Two devices. Device a sent the messages 2 and 4, device b sent 3. Event 1 created the
 * conversation.
 */
const messages = new Map([
  [2, { seq: 2, id: "m2", sender: a }],
  [3, { seq: 3, id: "m3", sender: b }],
  [4, { seq: 4, id: "m4", sender: a }],
]);
const log: LoggedConversation = {
  id: idOf("c"),
  devices: [a, b],
  messages,
  missing: 0,
  misfits: 0,
};

type Line = JournalLine | string;

const received = (device: DeviceId, seq: number, hash = `text ${seq}`): JournalLine => ({
  kind: "received",
  seq,
  id: `m${seq}`,
  hash: hash.replace(" ", "-"),
  own: messages.get(seq)?.sender === device,
});
const all = (device: DeviceId): JournalLine[] => [2, 3, 4].map((seq) => received(device, seq));

/** The result of `judge` if device b recorded `lines` and device a recorded the right lines. */
function judgeB(lines: readonly Line[], conversation = log): Verdict {
  const parsed = lines.map((line) => (typeof line === "string" ? parseLine(line) : line));
  const written = [...all(a), { kind: "accepted", id: "m2", seq: 2 } as const];
  return judge(
    [conversation],
    new Map([
      [a, journalOf(written)],
      [b, journalOf(parsed)],
    ]),
  );
}

const right: Verdict = {
  accepted: 3,
  delivered: 6,
  lost: 0,
  duplicated: 0,
  outOfOrder: 0,
  gapsAnnounced: 0,
  hashMismatches: 0,
  undecryptable: 0,
};
const [two, three, four] = all(b) as [JournalLine, JournalLine, JournalLine];

const faults = {
  relaysKilled: 1,
  workersKilled: 0,
  redisKilled: 0,
  relaysPaused: 0,
  databaseConnectionsEnded: 0,
  connectionsCut: 0,
  connectionsHalfOpened: 0,
  slowTimes: 0,
};
const outcome = (verdict: Verdict) => ({
  verdict,
  faults,
  complaints: [],
  seconds: 1,
  seed: 1,
  nodes: 2,
});

test("a journal with every message once, in order and equal passes, in any life of the device", () => {
  const verdict = judgeB([
    `device ${b}`,
    two,
    "accepted m3 3",
    `device ${b}`,
    three,
    four,
    "goodbye",
  ]);
  expect(verdict).toEqual(right);
  expect(isGood(outcome(verdict))).toBe(true);
});

test.each<[string, readonly Line[], Partial<Verdict>]>([
  ["a message never shown", [two, four], { delivered: 5, lost: 1 }],
  ["the last message never shown", [two, three], { delivered: 5, lost: 1 }],
  ["nothing written down at all", [], { delivered: 3, lost: 3 }],
  ["accepted and missing in the log", [two, three, four, "accepted m9 5"], { lost: 1 }],
  ["accepted and at another place in the log", [two, three, four, "accepted m3 4"], { lost: 1 }],
  [
    "another device's message accepted as its own",
    [two, three, four, "accepted m2 2"],
    { lost: 1 },
  ],
  ["shown twice", [two, three, three, four], { duplicated: 1 }],
  ["shown again after a restart", [two, three, four, `device ${b}`, two], { duplicated: 1 }],
  ["shown out of order", [three, two, four], { outOfOrder: 1 }],
  [
    "another text",
    [two, received(b, 3, "text other"), four],
    { delivered: 5, lost: 1, hashMismatches: 1 },
  ],
  [
    "the text of another message",
    [two, three, received(b, 4, "text 3")],
    { delivered: 5, lost: 1, hashMismatches: 1 },
  ],
  [
    "another message under the number",
    [two, "received 3 m9 text-3 own", four],
    { delivered: 5, lost: 1, hashMismatches: 1 },
  ],
  [
    "its own message as another device's",
    [two, "received 3 m3 text-3 other", four],
    { delivered: 5, lost: 1, hashMismatches: 1 },
  ],
  [
    "a message that is not in the log",
    [two, three, four, "received 5 m5 text-5 other"],
    { hashMismatches: 1 },
  ],
  [
    "a message that cannot be opened",
    [two, three, four, "problem 3 undecryptable"],
    { undecryptable: 1 },
  ],
  ["no key", [two, three, four, "problem 3 no_key", "problem 3 no_key"], { undecryptable: 1 }],
  ["replayed by the relay", [two, three, four, "problem 3 replayed"], { duplicated: 1 }],
  ["another transcript", [two, three, four, "problem 3 forked_log"], { hashMismatches: 1 }],
])("%s is found", (_what, lines, expected) => {
  const verdict = judgeB(lines);
  expect(verdict).toEqual({ ...right, ...expected });
  expect(isGood(outcome(verdict))).toBe(false);
});

test("one text under two numbers is found, even if all devices see the same", () => {
  const same = [2, 3, 4].map((seq) => (device: DeviceId) => received(device, seq, "text one"));
  const verdict = judge(
    [log],
    new Map([a, b].map((device) => [device, journalOf(same.map((make) => make(device)))])),
  );
  expect(verdict).toMatchObject({ delivered: 6, duplicated: 4 });
});

test.each<[string, Partial<LoggedConversation>, Partial<Verdict>]>([
  ["an event missing in the log", { missing: 1 }, { lost: 1 }],
  ["a transcript hash that does not follow", { misfits: 1 }, { hashMismatches: 1 }],
  [
    "one message twice in the log",
    { messages: new Map([...messages, [5, { seq: 5, id: "m2", sender: a }]]) },
    { accepted: 4, lost: 2, duplicated: 1 },
  ],
])("%s is found", (_what, changes, expected) => {
  const verdict = judgeB([two, three, four], { ...log, ...changes });
  expect(verdict).toEqual({ ...right, ...expected });
  expect(isGood(outcome(verdict))).toBe(false);
});

test("an announced gap that was filled is counted and is no fault", () => {
  const verdict = judgeB([two, "problem 3 missing_event", three, four]);
  expect(verdict).toEqual({ ...right, gapsAnnounced: 1 });
  expect(isGood(outcome(verdict))).toBe(true);
});

test("a run without kills, without messages, or with a complaint is not good", () => {
  const good = outcome(right);
  expect(isGood({ ...good, faults: { ...faults, relaysKilled: 0 } })).toBe(false);
  expect(isGood({ ...good, complaints: ["the relay ended by itself"] })).toBe(false);
  expect(isGood(outcome({ ...right, accepted: 0, delivered: 0 }))).toBe(false);
});

test("a journal's lines are read as they were written", () => {
  const lines: JournalLine[] = [
    { kind: "device", device: a },
    { kind: "met" },
    { kind: "accepted", id: "m", seq: 7 },
    { kind: "received", seq: 7, id: "m", hash: "h", own: true },
    { kind: "problem", seq: 8, code: "no_key" },
    { kind: "refused", code: "sending_closed" },
    { kind: "goodbye" },
  ];
  expect(lines.map((line) => parseLine(formatLine(line)))).toEqual(lines);
  expect(() => parseLine("rece")).toThrow("not a line of a journal");
});
