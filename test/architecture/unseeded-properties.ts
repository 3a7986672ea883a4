import { argumentsOf, nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

/**
 * How many properties of fast-check a test's source checks without a seed. Such a test draws other
 * values in each run, so it fails by chance, and for somebody who changed nothing that it tests.
 */
export function unseededProperties(source: string): number {
  return nodesOf(syntaxTreeOf(source)).filter(
    (node) => node.type === "CallExpression" && isCheck(node) && !hasSeed(argumentsOf(node)[1]),
  ).length;
}

function isCheck(call: Node): boolean {
  const callee = call["callee"] as Node;
  if (callee.type !== "MemberExpression") return false;
  const [object, name] = [callee["object"], callee["property"]].map((node) =>
    String((node as Node)["value"]),
  );
  return object === "fc" && (name === "assert" || name === "check");
}

/** An object with `seed`, or one that is named or spread and stands for several properties. */
const hasSeed = (parameters: Node | undefined): boolean =>
  parameters?.type === "Identifier" ||
  nodesOf(parameters).some(
    (node) =>
      node.type === "SpreadElement" ||
      (node.type === "KeyValueProperty" && (node["key"] as Node)["value"] === "seed"),
  );
