import { roles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * "request": a new device asks for the account key. "read": read who asks, and the answer.
 * "approve" and "refuse": answer as a registered device. "withdraw": the asking device takes the
 * request back, or has received what it asked for.
 */
export type LinkAction = "request" | "read" | "approve" | "refuse" | "withdraw";

const asking = { user: "$actor.user", byAsking: true };

/** The rules are the same for every role, because every account may have several devices. */
export const linkRules: readonly PolicyRule<"link", LinkAction>[] = [
  {
    id: "link.follow",
    resource: "link",
    actions: ["read", "withdraw"],
    roles,
    conditions: asking,
    means: "The actor's device has signed the request.",
    reason: "asking_device",
  },
  {
    id: "link.request",
    resource: "link",
    actions: ["request"],
    roles,
    device: "unregistered",
    conditions: asking,
    means: "The actor's device has signed the request, and is not registered.",
    reason: "new_device",
  },
  {
    id: "link.answer",
    resource: "link",
    actions: ["read", "approve", "refuse"],
    roles,
    device: "registered",
    conditions: { user: "$actor.user", byAsking: false },
    means: "Another device of the account has signed the request, and the actor's is registered.",
    reason: "sibling",
  },
];
