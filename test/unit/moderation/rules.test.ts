import { CompiledRules } from "../../../moderation/detect/rules/find-matches.ts";
import { parseRuleSet, type RuleSetSource } from "../../../moderation/detect/rules/rule-set.ts";

const base: RuleSetSource = {
  format: 1,
  name: "test",
  version: 1,
  language: "en",
  reviewed: "today",
  concepts: {
    chest: ["chest", "rib cage"],
    pain: ["pain*", "hurts"],
    negation: ["no", "not"],
    film: ["film"],
  },
  rules: [],
};
const rulesWith = (rule: object) =>
  new CompiledRules(parseRuleSet({ ...base, rules: [{ label: "found", ...rule }] }));
const isFound = (rule: object, text: string) => rulesWith(rule).find(text).length > 0;

const near = { all: ["chest", "pain"], within: 3 };

test("a match names the words from the first to the last", () => {
  const [match] = rulesWith(near).find("well, my Rib  cage hurts a lot");
  expect(match).toEqual({ label: "found", start: 9, end: 24 });
});

test.each([
  [near, "pain in the chest", true],
  [near, "painful, this chest", true],
  [near, "pain all over the arms and in the chest", false],
  [near, "Pain. My chest", true],
  [near, "It was a pain. It really was. My chest", false],
  [{ ...near, ordered: true }, "chest pain", true],
  [{ ...near, ordered: true }, "pain in the chest", false],
  [{ ...near, affirmed: true }, "no pain in the chest", false],
  [{ ...near, affirmed: true }, "I have no idea what it is, chest pain", true],
  [{ ...near, unless: ["film"] }, "chest pain in a film", false],
  [{ all: ["chest|film", "pain"] }, "a film about pain", true],
])("%j in: %s", (rule, text, found) => {
  expect(isFound(rule, text)).toBe(found);
});

test.each([
  ["a concept that is not there", { rules: [{ label: "a", all: ["arm"] }] }],
  ["another format", { format: 2 }],
  ["an unknown field", { extra: true }],
  ["no concept to ask for", { rules: [{ label: "a", all: [] }] }],
  [
    "no negation for a rule about what is affirmed",
    { concepts: { a: ["a"] }, rules: [{ label: "a", all: ["a"], affirmed: true }] },
  ],
])("refused: %s", (_, change) => {
  expect(() => parseRuleSet({ ...base, ...change })).toThrow(
    expect.objectContaining({ code: "invalid_rule_set" }),
  );
});
