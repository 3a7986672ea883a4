import { conversingRoles, memberRoles } from "../roles.ts";
import type { PolicyRule } from "./rule.ts";

/**
 * The actions of a device over the relay. "receive": be sent the events of a conversation.
 * "acknowledge": say how far it has come. "signal": show and see who types and who is present.
 * "post": send messages at all; `decideConversation` then decides about each of them.
 */
export type RelayAction = "receive" | "acknowledge" | "signal" | "post";

/** The conditions refer to the facts of `decideRelay`. */
export const relayRules: readonly PolicyRule<"relay", RelayAction>[] = [
  {
    id: "relay.receive",
    resource: "relay",
    actions: ["receive", "acknowledge"],
    roles: ["customer", ...memberRoles],
    // A removed device receives its own removal as its last event.
    conditions: { wasMember: true },
    means: "The device belongs to a member, or did when the events were written.",
    reason: "was_member",
  },
  {
    id: "relay.signal",
    resource: "relay",
    actions: ["signal"],
    roles: ["customer", ...conversingRoles],
    conditions: { isMember: true },
    means: "The device belongs to a member.",
    reason: "member",
  },
  {
    id: "relay.post",
    resource: "relay",
    actions: ["post"],
    roles: ["customer", ...conversingRoles],
    conditions: {},
    means: "The role writes messages. conversation.write decides about each.",
    reason: "conversing_role",
  },
];
