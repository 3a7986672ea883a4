import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { actions } from "../../audit/actions.ts";
import { nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

/** The folders that write entries. The rest of `server` and of `audit` only names actions. */
const writing = [
  "keys",
  "identity",
  "messaging",
  "moderation/reports",
  "workflows",
  "cli",
  "audit/adopt",
  "audit/deployment",
  "audit/restore",
  "server/clock-watch.ts",
];

const sources = execFileSync("git", ["ls-files", ...writing], { encoding: "utf8" })
  .split("\n")
  .filter((path) => path.endsWith(".ts"))
  .map((path) => readFileSync(path, "utf8"));

const isName = (text: unknown): boolean => Object.hasOwn(actions, String(text));

/** The actions that a source names in full, so that you find them by searching for the name. */
const namedIn = (source: string): readonly string[] =>
  nodesOf(syntaxTreeOf(source))
    .filter(({ type, value }) => type === "StringLiteral" && isName(value))
    .map(({ value }) => String(value));

const nouns = new Set(Object.keys(actions).map((name) => name.slice(0, name.indexOf(".") + 1)));

/** The templates that make an action's name from a noun and something else. */
const templatesIn = (source: string): readonly string[] =>
  nodesOf(syntaxTreeOf(source))
    .filter(({ type }) => type === "TemplateLiteral")
    .map((node) => (node["quasis"] as readonly Node[]).map(({ raw }) => String(raw)).join("$"))
    .filter((text) => nouns.has(text.slice(0, text.indexOf("$"))));

test.each([
  ["const action = `link.${verb}`;", ["link.$"], []],
  ["const action = `tenant.${kind}_origin`;", ["tenant.$_origin"], []],
  [`const act = { action: "link.read" };`, [], ["link.read"]],
  ["const text = `the link ${id}`;", [], []],
])("%s", (source, templates, named) => {
  expect([templatesIn(source), namedIn(source)]).toEqual([templates, named]);
});

test("each action of the table is written by some code, under its full name", () => {
  expect(sources.length).toBeGreaterThan(150);
  const named = new Set(sources.flatMap(namedIn));
  expect(Object.keys(actions).filter((name) => !named.has(name))).toEqual([]);
});

test("no code makes an action's name from a template", () => {
  expect(sources.flatMap(templatesIn)).toEqual([]);
});
