import { createDetectors } from "../../../moderation/detect/find-all.ts";
import { reviewOutgoing } from "../../../moderation/detect/outgoing.ts";
import { findPersonalData } from "../../../moderation/detect/personal/find-personal-data.ts";

const find = createDetectors();
// With so many characters, a pattern that needs quadratic time does not end before the test's limit.
const length = 200_000;
/** The size of the longest message. */
const longestMessage = 60_000;
/** What matters to rules over words. They read each string of 60 KB several times, so these must do. */
const forRules = [
  "letters",
  "words of one rule",
  "spelled letters",
  "dots and digits",
  "combining marks",
];
const repeated = (part: string) => part.repeat(Math.ceil(length / part.length)).slice(0, length);

// What makes a backtracking pattern slow: long runs of what it accepts, and then something else.
const hostile: Readonly<Record<string, string>> = {
  letters: `${repeated("a")}!`,
  "capital letters": `${repeated("A")}!`,
  digits: `${repeated("1")}x`,
  "digits with spaces": `${repeated("1 ")}x`,
  "card numbers": repeated("4111 1111 1111 1111 "),
  "at signs": repeated("@"),
  "almost addresses": repeated("a@"),
  "local parts": `${repeated("a.")}@`,
  "domains with dots": `x@${repeated("a.")}`,
  colons: repeated("a:"),
  "dots and digits": repeated("1.1."),
  spaces: `1${repeated(" ")}x`,
  hyphens: `a${repeated("-a")}!`,
  parentheses: repeated("("),
  "names in a row": repeated("John Smith "),
  "streets in a row": repeated("12 Main Street "),
  "almost streets": repeated("12 Main "),
  "words of one rule": repeated("want to die "),
  "the same word": repeated("no "),
  "spelled letters": repeated("k i l l "),
  "quotation marks": repeated('"'),
  "combining marks": repeated("e\u0301\u0323"),
  "lone surrogates": repeated("\ud800 "),
  "web addresses": repeated("http://a.b/"),
};

test.each(Object.keys(hostile))("many characters of %s", (name) => {
  const text = hostile[name] ?? "";
  expect(() => {
    findPersonalData(text);
    reviewOutgoing(text);
    if (forRules.includes(name)) find(text.slice(-longestMessage));
  }).not.toThrow();
});
