import { argumentsOf, nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

/** A short text occurs in random text by chance: three letters in a page of base64, for example. */
const MIN_LENGTH = 12;
/** What base64, base64url, hex and UUIDs are made of; a needle with anything else cannot be in them. */
const RANDOM_TEXT = /^[A-Za-z0-9+/=_-]*$/;

const textMatchers = new Set(["toMatch", "toContain", "toThrow"]);
const textPatterns = new Set(["stringContaining", "stringMatching"]);
const searches = new Set(["includes", "indexOf", "match", "search", "startsWith", "endsWith"]);
const denying = new Set(["toBeNull", "toBeUndefined", "toBeFalsy"]);

/**
 * Every needle that a test's source says must not be in a text although it could be there by chance:
 * in `expect(...).not.toContain`, `toMatch` and `toThrow`, in `expect.not.stringContaining` and
 * `stringMatching`, and in `includes`, `indexOf`, `match`, `search` and `test` whose result is expected
 * to be false. Constants and loops over lists are followed; what is made at run time is not seen.
 */
export function shortNeedles(source: string): readonly string[] {
  const module = syntaxTreeOf(source);
  const known = constantsOf(module);
  return nodesOf(module)
    .filter(({ type }) => type === "CallExpression")
    .flatMap(needlesOfCall)
    .flatMap((needle) => literalsOf(needle, known))
    .filter(mayOccurByChance)
    .map(shownAs);
}

/** What this call looks for and must not find. */
function needlesOfCall(call: Node): readonly Node[] {
  const { chain, root } = chainOf(call);
  if (root !== "expect") return [];
  const matcher = chain.at(-1) ?? "";
  const negated = chain.includes("not");
  const given = argumentsOf(call);
  if (negated && (textMatchers.has(matcher) || textPatterns.has(matcher))) return given;
  const denied = negated || denying.has(matcher) || given.some(saysNo);
  return denied ? searchedIn(call["callee"]) : [];
}

/** The names of `expect(...).a.b(...)`, without the calls between them. */
function chainOf(call: Node): { readonly chain: readonly string[]; readonly root: string } {
  const chain: string[] = [];
  let at = call["callee"] as Node;
  for (;;) {
    if (at.type === "MemberExpression") {
      chain.unshift(String((at["property"] as Node)["value"]));
      at = at["object"] as Node;
    } else if (at.type === "CallExpression") at = at["callee"] as Node;
    else return { chain, root: String(at["value"]) };
  }
}

/** `false`, `-1`, `0`, or an empty list, also within a list. */
const saysNo = (expected: Node): boolean =>
  nodesOf(expected).some(
    (node) =>
      (node.type === "BooleanLiteral" && node["value"] === false) ||
      (node.type === "NumericLiteral" && (node["value"] === 0 || node["value"] === 1)) ||
      (node.type === "ArrayExpression" && (node["elements"] as readonly unknown[]).length === 0),
  );

/** What `includes` and its like look for, and the pattern of `pattern.test(...)`. */
const searchedIn = (expected: unknown): readonly Node[] =>
  nodesOf(expected).flatMap((node) => {
    if (node.type !== "CallExpression") return [];
    const callee = node["callee"] as Node;
    if (callee.type !== "MemberExpression") return [];
    const [object, property] = [callee["object"] as Node, callee["property"] as Node];
    const name = String(property["value"]);
    if (name === "test") return [object];
    return searches.has(name) ? argumentsOf(node) : [];
  });

type Constants = ReadonlyMap<string, readonly Node[]>;

/** What each name of the file stands for, by `const` and by `for ... of`; scopes are not told apart. */
function constantsOf(module: Node): Constants {
  const known = new Map<string, Node[]>();
  const learn = (name: unknown, value: unknown) =>
    known.set(String(name), [...(known.get(String(name)) ?? []), value as Node]);
  for (const node of nodesOf(module)) {
    if (node.type === "VariableDeclarator" && node["init"])
      learn((node["id"] as Node)["value"], node["init"]);
    if (node.type === "ForOfStatement") {
      const [left] = ((node["left"] as Node)["declarations"] ?? []) as readonly Node[];
      learn((left?.["id"] as Node | undefined)?.["value"], node["right"]);
    }
  }
  return known;
}

/** The texts and patterns that an expression may be. */
function literalsOf(node: Node, known: Constants, depth = 0): readonly Node[] {
  const follow = (inner: Node) => literalsOf(inner, known, depth + 1);
  if (depth > 5) return [];
  switch (node.type) {
    case "StringLiteral":
    case "RegExpLiteral":
    case "TemplateLiteral":
      return [node];
    case "Identifier":
      return (known.get(String(node["value"])) ?? []).flatMap(follow);
    case "ArrayExpression":
      return (node["elements"] as readonly ({ readonly expression: Node } | null)[]).flatMap(
        (element) => (element === null ? [] : follow(element.expression)),
      );
    case "TsAsExpression":
    case "TsConstAssertion":
    case "ParenthesisExpression":
      return follow(node["expression"] as Node);
    default:
      return [];
  }
}

function mayOccurByChance(literal: Node): boolean {
  if (literal.type === "StringLiteral") return isShort(String(literal["value"]));
  if (literal.type === "RegExpLiteral")
    return String(literal["pattern"]).split("|").some(isShortPattern);
  const quasis = literal["quasis"] as readonly { readonly cooked: string }[];
  return quasis.length === 1 && isShort(quasis[0]?.cooked ?? "");
}

const isShort = (text: string): boolean => text.length < MIN_LENGTH && RANDOM_TEXT.test(text);

/** The characters that stand for themselves decide; what is optional or any of several does not count. */
function isShortPattern(pattern: string): boolean {
  const certain = pattern
    .replaceAll(/\(\?(?:<?[=!]|:|<\w+>)/g, "(")
    .replaceAll(/\((?:\\.|[^()\\])*\)[?*]/g, "")
    .replaceAll(/(?:\\.|\[(?:\\.|[^\]])*\]|[^\\[\]])(?:[?*]|\{0[^}]*\})\??/g, "")
    .replaceAll(/\\[nrts]/g, " ")
    .replaceAll(/\[(?:\\.|[^\]])*\]|\\[a-zA-Z]/g, (token) => (isOutside(token) ? " " : ""))
    .replaceAll(/\\(.)|[.^$()+]|\{\d+(?:,\d*)?\}/g, (_whole, escaped: string = "") => escaped);
  return isShort(certain);
}

/** Whether a class such as `[\r\n]` takes nothing that random text is made of. */
const isOutside = (token: string): boolean =>
  /^\[(?!\^)/.test(token) && /^(?:\\[nrts]|[^\\A-Za-z0-9+/=_-])+$/.test(token.slice(1, -1));

const shownAs = (literal: Node): string => {
  if (literal.type === "RegExpLiteral") return `/${String(literal["pattern"])}/`;
  const quasis = literal["quasis"] as readonly { readonly cooked: string }[] | undefined;
  return JSON.stringify(literal["value"] ?? quasis?.[0]?.cooked);
};
