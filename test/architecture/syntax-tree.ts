import { parseSync } from "@swc/core";

/** A node of SWC's syntax tree. */
export type Node = { readonly type: string } & Readonly<Record<string, unknown>>;

export const syntaxTreeOf = (source: string): Node =>
  parseSync(source, { syntax: "typescript", target: "es2023" }) as unknown as Node;

/** The syntax tree's nodes from `root` on, `root` included. */
export function nodesOf(root: unknown, found: Node[] = []): readonly Node[] {
  if (typeof root !== "object" || root === null) return found;
  if ("type" in root) found.push(root as Node);
  for (const inner of Object.values(root)) nodesOf(inner, found);
  return found;
}

/** What a call is given. */
export const argumentsOf = (call: Node): readonly Node[] =>
  (call["arguments"] as readonly { readonly expression: Node }[]).map(
    ({ expression }) => expression,
  );
