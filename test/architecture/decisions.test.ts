import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

/** The folders that act for users. `audit/export` only shows roles. */
const acting = ["keys", "identity", "messaging", "workflows", "server", "cli"];

const filesOf = (folders: readonly string[]): readonly string[] =>
  execFileSync("git", ["ls-files", ...folders], { encoding: "utf8" })
    .split("\n")
    .filter((path) => path.endsWith(".ts"));

/** What only policies may use: with it, a decision can be made anywhere. */
const OF_POLICIES = [
  "allow",
  "deny",
  "conversingRoles",
  "auditRoles",
  "grantingRule",
  "defaultRules",
];

const isRole = (node: Node): boolean =>
  (node.type === "Identifier" && node["value"] === "role") ||
  (node.type === "MemberExpression" && (node["property"] as Node)["value"] === "role");
const isLiteral = (node: Node): boolean => node.type === "StringLiteral";
const calledName = (node: Node): unknown => {
  const callee = node["callee"] as Node;
  return callee.type === "MemberExpression" ? (callee["property"] as Node)["value"] : undefined;
};

const SQL_ROLE = /\brole\s*(=|<>|!=|in|not in)\s*\(?\s*'/i;

/** Says how a source decides by itself what a policy must decide. */
function ownDecisions(source: string): readonly string[] {
  const found: string[] = [];
  for (const node of nodesOf(syntaxTreeOf(source)))
    switch (node.type) {
      case "ImportSpecifier": {
        const { value } = (node["imported"] ?? node["local"]) as Node;
        if (OF_POLICIES.includes(String(value))) found.push(`imports ${String(value)}`);
        break;
      }
      case "KeyValueProperty": {
        const [key, value] = [node["key"] as Node, node["value"] as Node];
        if (
          key["value"] === "allowed" &&
          value.type === "BooleanLiteral" &&
          value["value"] === true
        )
          found.push("writes a decision that allows");
        break;
      }
      case "BinaryExpression": {
        const [left, right] = [node["left"] as Node, node["right"] as Node];
        if ((isRole(left) && isLiteral(right)) || (isRole(right) && isLiteral(left)))
          found.push("compares a role");
        break;
      }
      case "SwitchStatement":
        if (isRole(node["discriminant"] as Node)) found.push("switches on a role");
        break;
      case "CallExpression": {
        const given = (node["arguments"] as readonly { readonly expression: Node }[])[0];
        if (
          ["includes", "has"].includes(String(calledName(node))) &&
          given &&
          isRole(given.expression)
        )
          found.push("looks a role up");
        break;
      }
      case "StringLiteral":
        if (SQL_ROLE.test(String(node["value"]))) found.push("has a role in SQL");
        break;
      case "TemplateElement":
        if (SQL_ROLE.test(String(node["raw"]))) found.push("has a role in SQL");
        break;
    }
  return found;
}

test.each([
  [`if (actor.role === "admin") go();`, "compares a role"],
  [`const may = "agent" !== role;`, "compares a role"],
  [`switch (actor.role) { default: }`, "switches on a role"],
  [`if (["admin"].includes(actor.role)) go();`, "looks a role up"],
  ["const sql = `select from members m where m.role = 'customer'`;", "has a role in SQL"],
  [`const sql = "select from users where role in ('admin')";`, "has a role in SQL"],
  [`const decision = { allowed: true, reasons: ["own_upload"] };`, "writes a decision that allows"],
  [`import { deny } from "../policies/decision.ts";`, "imports deny"],
])("finds a decision outside policies: %s", (source, finding) => {
  expect(ownDecisions(source)).toEqual([finding]);
});

test("all decisions come from policies", () => {
  const files = filesOf(acting);
  expect(files.length).toBeGreaterThan(200);
  const found = files.flatMap((path) =>
    ownDecisions(readFileSync(path, "utf8")).map((finding) => `${path} ${finding}`),
  );
  expect(found).toEqual([]);
});

/** Use cases of an actor that ask no policy, and why. */
const asksNothing: Readonly<Record<string, string>> = {
  "identity/audited.ts": "it runs use cases, which ask",
  "identity/authority/read-authority.ts": "the authority's public keys are the same for everyone",
  "identity/directory/register-device.ts": "the account key's certificate decides",
  "identity/second-factor/step-up.ts":
    "it proves the second factor in the session of the request itself",
  "identity/party.ts": "it runs use cases, which ask",
  "identity/tokens/current-session.ts": "it concerns the session of the request itself",
  "identity/tokens/session-end.ts": "it says whether the actor may act at all",
  "identity/tokens/authenticate.ts": "it finds out who the actor is",
  "identity/transparency/read-key-log.ts": "hashes and heads are the same for everyone",
  "messaging/approvals/approval-kind.ts": "it holds types only",
  "messaging/break-glass/joining-access.ts":
    "it finds the access on which the decision of the caller rests",
  "messaging/follow/admit-device.ts": "what is delivered is decided for each conversation",
  "messaging/receipts/receipts.ts": "it checks a signature",
};

test("each use case of an actor asks a policy, itself or by a function beside it", () => {
  const files = filesOf(["keys", "identity", "messaging", "workflows"]);
  const asks = new Set(
    files.filter((path) => /\bimport \{[^}]*\bdecide[A-Z]/.test(readFileSync(path, "utf8"))),
  );
  const reaches = (path: string): boolean => {
    if (asks.has(path)) return true;
    const source = readFileSync(path, "utf8");
    return [...source.matchAll(/^import (?!type )[^;]*? from "(\.[^"]+)";/gms)].some(
      ([, to = ""]) => asks.has(new URL(to, `file:///${path}`).pathname.slice(1)),
    );
  };
  const silent = files.filter(
    (path) => /(\bactor|\}): Actor\b/.test(readFileSync(path, "utf8")) && !reaches(path),
  );
  expect(silent.toSorted()).toEqual(
    Object.keys(asksNothing)
      .filter((path) => silent.includes(path))
      .toSorted(),
  );
});
