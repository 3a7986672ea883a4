import { IntentModel } from "../../../moderation/detect/learn/intent-model.ts";
import { seededRandom } from "../../../moderation/detect/learn/seeded-random.ts";
import { evaluateIntents, macroF1 } from "../../../moderation/evaluate/evaluate-intents.ts";

const topics: Readonly<Record<string, readonly string[]>> = {
  lost_card: ["lost my card", "cannot find my card", "my card is gone", "misplaced the card"],
  new_pin: ["change my pin", "a new pin please", "forgot the pin code", "reset the pin number"],
  late_parcel: [
    "parcel is late",
    "where is the parcel",
    "delivery has not come",
    "package delayed",
  ],
};
const openings = [
  "hello,",
  "please help:",
  "good morning,",
  "I think",
  "sorry,",
  "yesterday",
  "again",
];

function examples(seed: number) {
  const random = seededRandom(seed);
  const pick = (list: readonly string[]) => list[Math.floor(random() * list.length)] ?? "";
  return Object.entries(topics).flatMap(([intent, phrases]) =>
    Array.from({ length: 40 }, () => ({ text: `${pick(openings)} ${pick(phrases)}`, intent })),
  );
}

test("a model answers what it was trained for, and abstains from other topics", () => {
  let nowMs = 0;
  const elsewhere = [
    "the patient has a cough since monday",
    "any allergies in the family",
    "mm-hmm",
  ];
  const figures = evaluateIntents(examples(1), examples(2), elsewhere, () => (nowMs += 6));
  expect(figures).toMatchObject({ trained: 120, tested: 120, intents: 3, accuracy: 1, macroF1: 1 });
  expect(figures.answered).toBeGreaterThan(0.9);
  expect(figures.outOfScope).toEqual({ messages: 3, falseAcceptRate: 0 });
  expect(figures).toMatchObject({ trainingMs: 6, msPerMessage: 0.05 });
});

test("the same examples give the same model", () => {
  const [first, second] = [IntentModel.train(examples(1)), IntentModel.train(examples(1))];
  expect(first.guess("where did I leave the card")).toEqual(
    second.guess("where did I leave the card"),
  );
});

test("a text without a known word, an empty one and a long one get a guess without confidence", () => {
  const model = IntentModel.train(examples(1));
  for (const text of ["", "????", "zzzz ".repeat(12_000)])
    expect(model.guess(text).isAnswer).toBe(false);
});

test("one intent is nothing to tell apart", () => {
  expect(() => IntentModel.train([{ text: "a", intent: "one" }])).toThrow(
    expect.objectContaining({ code: "invalid_examples" }),
  );
});

test("macro F1 is the mean over the classes", () => {
  // a: precision 1/2, recall 1; b: precision 1, recall 1/2.
  expect(macroF1(["a", "b", "b"], ["a", "a", "b"])).toBeCloseTo(2 / 3, 4);
});
