import { decideConversation, type ConversationFacts } from "../../../policies/abilities.ts";
import type { Subject } from "../../../policies/actor.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";
import { actor } from "./actors.ts";

const archiver: Subject = { user: idOf<UserId>("u-3"), role: "archiver" };
const facts: ConversationFacts = {
  tenant: idOf("t-1"),
  createdBy: idOf("u-1"),
  members: [idOf("u-1")],
  state: "open",
};
const beginning = { ...facts, members: [...facts.members, archiver.user], others: [archiver] };

test.each([
  ["customer", "create", beginning],
  ["agent", "add_member", { ...facts, subject: archiver }],
  ["supervisor", "add_member", { ...facts, members: [], subject: archiver }],
] as const)(
  "a %s adds an archiver (%s) with the customer's consent only",
  (role, action, about) => {
    const decide = (mayArchive?: boolean) =>
      decideConversation(actor(role), action, { ...about, mayArchive });
    expect(decide(true).allowed).toBe(true);
    for (const unproved of [false, undefined])
      expect(decide(unproved)).toEqual({ allowed: false, reasons: ["no_archiving_consent"] });
  },
);
