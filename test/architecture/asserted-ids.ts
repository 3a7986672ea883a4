import { nodesOf, syntaxTreeOf, type Node } from "./syntax-tree.ts";

const ids: readonly unknown[] = [
  "TenantId",
  "UserId",
  "DeviceId",
  "ConversationId",
  "SessionId",
  "AttachmentId",
  "GrantId",
  "ConsentId",
  "MessageId",
  "LogId",
];
const mayAssert =
  /\b(?:Tenant|User|Device|Conversation|Session|Attachment|Grant|Consent|Message|Log)Id\b/;
const asserting: readonly string[] = ["TsAsExpression", "TsTypeAssertion", "TsTypePredicate"];

/**
 * The types of ids that a source asserts a value to have: with `as`, alone or inside another type, or
 * as the answer of a type guard.
 */
export function assertedIds(source: string): readonly string[] {
  // Parsing takes long, and most files name no such type.
  if (!mayAssert.test(source)) return [];
  return nodesOf(syntaxTreeOf(source))
    .filter(({ type }) => asserting.includes(type))
    .flatMap(({ typeAnnotation }) =>
      nodesOf(typeAnnotation)
        .filter(({ type }) => type === "TsTypeReference")
        .map(({ typeName }) => (typeName as Node)["value"]),
    )
    .filter((name): name is string => ids.includes(name));
}
