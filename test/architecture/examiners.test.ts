import { readFileSync } from "node:fs";
import { actions } from "../../audit/actions.ts";

const page = readFileSync("docs/audit.md", "utf8");
const section = page.split("\n## Events that examiners look for\n")[1]?.split("\n## ")[0] ?? "";

/** The requirement of each row, and what answers it. */
const rows = section
  .split("\n")
  .filter((line) => /^\| [\d§]/.test(line))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, requirement = "", , answer = ""]) => ({ requirement, answer }));

const namesIn = (text: string): readonly string[] =>
  [...text.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, name = ""]) => name);

/** The requirements about logging of the three texts, each whole. */
const requirements = [
  // PCI DSS 4.0.1
  ..."10.2.1 10.2.1.1 10.2.1.2 10.2.1.3 10.2.1.4 10.2.1.5 10.2.1.6 10.2.1.7 10.2.2".split(" "),
  // The HIPAA audit protocol, by the section that it audits
  "§164.308(a)(1)(ii)(D)",
  "§164.308(a)(3)(ii)(C)",
  "§164.308(a)(4)(ii)(C)",
  "§164.308(a)(5)(ii)(C)",
  "§164.308(a)(6)(ii)",
  "§164.312(a)(2)(i)",
  "§164.312(a)(2)(ii)",
  "§164.312(a)(2)(iii)",
  "§164.312(a)(2)(iv)",
  "§164.312(b)",
  "§164.312(c)(1)",
  "§164.312(c)(2)",
  "§164.312(d)",
  "§164.316(b)(2)(i)",
  "§164.528",
  // OWASP ASVS 5.0
  ..."16.1.1 16.2.1 16.2.2 16.2.3 16.2.4 16.2.5".split(" "),
  ..."16.3.1 16.3.2 16.3.3 16.3.4 16.4.1 16.4.2 16.4.3".split(" "),
];

test("each requirement has one row", () => {
  expect(rows.map(({ requirement }) => requirement)).toEqual(requirements);
});

test("each action that the rows name exists", () => {
  const named = rows.flatMap(({ answer }) => namesIn(answer));
  expect(named.length).toBeGreaterThan(60);
  expect(named.filter((name) => !Object.hasOwn(actions, name))).toEqual([]);
});

test("each row names actions, or says why it names none", () => {
  const without = rows.filter(({ answer }) => namesIn(answer).length === 0);
  expect(without.filter(({ answer }) => !/^No entry: .{20}/.test(answer))).toEqual([]);
});
