import fc from "fast-check";
import {
  decideConversation,
  type ConversationAction,
  type ConversationFacts,
} from "../../../policies/abilities.ts";
import type { Role } from "../../../policies/actor.ts";
import { MAX_CONSENTS, type ConsentChange } from "../../../policies/consents.ts";
import { actor, anyActor, anyConversation, conversationActions } from "./actors.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import type { UserId } from "../../../crypto/wire/ids.ts";

const facts = (changes: Partial<ConversationFacts> = {}): ConversationFacts => ({
  tenant: idOf("t-1"),
  createdBy: idOf("u-2"),
  members: [idOf("u-1"), idOf("u-2")],
  state: "open",
  ...changes,
});
const outside = { members: [idOf<UserId>("u-2"), idOf<UserId>("u-3")] };
/** A history grant that the tenant and the customer permit. */
const showing = {
  grant: {
    recipient: idOf<UserId>("u-1"),
    recipientIsMember: true,
    covered: true,
    staffMay: true,
    consented: true,
  },
};
const self = (role: Role) => ({ user: idOf<UserId>("u-1"), role });

type Row = [Role, ConversationAction, string, Partial<ConversationFacts>, boolean];

test.each<Row>([
  ["customer", "read", "as a member", {}, true],
  ["customer", "read", "as a member of a closed one", { state: "closed" }, true],
  ["customer", "read", "from outside", outside, false],
  ["customer", "read_members", "of a closed one", { state: "closed" }, true],
  ["customer", "read_members", "from outside", outside, false],
  ["customer", "post", "as a member", {}, true],
  ["customer", "post", "to a closed one", { state: "closed" }, false],
  ["customer", "post", "from outside", outside, false],
  ["customer", "upload", "as a member", {}, true],
  ["customer", "upload", "from outside", { ...outside, hasSibling: true }, false],
  ["customer", "upload", "to a closed one", { state: "closed" }, false],
  [
    "customer",
    "upload",
    "to a closed one, for another device of theirs",
    { state: "closed", hasSibling: true },
    true,
  ],
  ["customer", "close", "their own", { createdBy: idOf("u-1") }, true],
  ["customer", "close", "another's", {}, false],
  ["customer", "add_member", "an agent", { subject: { user: idOf("u-3"), role: "agent" } }, false],
  [
    "customer",
    "remove_member",
    "an agent",
    { subject: { user: idOf("u-2"), role: "agent" } },
    false,
  ],

  ["agent", "read", "as a member", {}, true],
  ["agent", "read", "from outside", outside, false],
  ["agent", "read_members", "of one to join", outside, true],
  ["agent", "read_members", "of a closed one", { ...outside, state: "closed" }, false],
  ["agent", "post", "as a member", {}, true],
  ["agent", "post", "from outside", outside, false],
  ["agent", "close", "as a member", {}, true],
  ["agent", "close", "from outside", outside, false],
  ["agent", "close", "a closed one", { state: "closed" }, false],
  ["agent", "add_member", "themself", { ...outside, subject: self("agent") }, true],
  [
    "agent",
    "add_member",
    "themself to a closed one",
    { ...outside, state: "closed", subject: self("agent") },
    false,
  ],
  [
    "agent",
    "add_member",
    "an agent (hand-over)",
    { subject: { user: idOf("u-3"), role: "agent" } },
    true,
  ],
  ["agent", "add_member", "a bot", { subject: { user: idOf("u-3"), role: "bot" } }, true],
  [
    "agent",
    "add_member",
    "an archiver, where the customer consents to archiving or the tenant demands no consent",
    { subject: { user: idOf("u-3"), role: "archiver" }, mayArchive: true },
    true,
  ],
  [
    "agent",
    "add_member",
    "a moderator",
    { subject: { user: idOf("u-3"), role: "moderator" } },
    false,
  ],
  ["agent", "add_member", "an admin", { subject: { user: idOf("u-3"), role: "admin" } }, false],
  [
    "agent",
    "add_member",
    "a customer",
    { subject: { user: idOf("u-3"), role: "customer" } },
    false,
  ],
  [
    "agent",
    "add_member",
    "an agent, from outside",
    { ...outside, subject: { user: idOf("u-4"), role: "agent" } },
    false,
  ],
  ["agent", "add_member", "nobody", {}, false],
  ["agent", "remove_member", "themself", { subject: self("agent") }, true],
  [
    "agent",
    "remove_member",
    "another agent",
    { subject: { user: idOf("u-2"), role: "agent" } },
    false,
  ],
  [
    "agent",
    "remove_member",
    "the customer",
    { subject: { user: idOf("u-2"), role: "customer" } },
    false,
  ],

  [
    "supervisor",
    "add_member",
    "an agent, from outside",
    { ...outside, subject: { user: idOf("u-4"), role: "agent" } },
    true,
  ],
  [
    "supervisor",
    "remove_member",
    "an agent, from outside",
    { ...outside, subject: { user: idOf("u-3"), role: "agent" } },
    true,
  ],
  [
    "supervisor",
    "remove_member",
    "the customer",
    { subject: { user: idOf("u-2"), role: "customer" } },
    false,
  ],
  [
    "supervisor",
    "add_member",
    "a customer",
    { subject: { user: idOf("u-3"), role: "customer" } },
    false,
  ],
  ["supervisor", "read", "from outside", outside, false],
  ["supervisor", "read_members", "from outside", outside, true],
  ["supervisor", "close", "from outside", outside, false],

  ["bot", "read", "as a member", {}, true],
  ["bot", "read_members", "from outside", outside, false],
  ["bot", "post", "as a member", {}, true],
  ["bot", "close", "as a member", {}, true],
  ["bot", "remove_member", "itself", { subject: self("bot") }, true],
  ["bot", "add_member", "itself", { ...outside, subject: self("bot") }, false],
  ["bot", "add_member", "an agent", { subject: { user: idOf("u-3"), role: "agent" } }, false],
])("%s may %s %s: %s", (role, action, _what, changes, allowed) => {
  expect(decideConversation(actor(role), action, facts(changes)).allowed).toBe(allowed);
});

test("an archiver receives as a member, and does nothing else", () => {
  const archiver = actor("archiver");
  const may = conversationActions.filter((action) =>
    [{}, { subject: self("archiver") }, { hasSibling: true, createdBy: archiver.user }, outside]
      .map((changes) => decideConversation(archiver, action, facts({ ...changes, ...showing })))
      .some(({ allowed }) => allowed),
  );
  expect(may).toEqual(["read", "read_members"]);
  for (const action of ["read", "read_members"] as const)
    expect(decideConversation(archiver, action, facts(outside)).allowed).toBe(false);
});

test.each<Role>(["moderator", "privacy_officer"])("a %s has no right to a conversation", (role) => {
  for (const action of conversationActions)
    for (const changes of [{}, { createdBy: idOf<UserId>("u-1"), subject: self(role) }])
      expect(decideConversation(actor(role), action, facts(changes)).allowed).toBe(false);
});

describe("creating", () => {
  const own = facts({ createdBy: idOf("u-1"), members: [idOf("u-1"), idOf("u-3")] });

  test("a customer starts a conversation with staff, or alone", () => {
    const others = [{ user: idOf<UserId>("u-3"), role: "agent" as const }];
    expect(decideConversation(actor("customer"), "create", { ...own, others }).allowed).toBe(true);
    const alone = { ...own, members: [idOf<UserId>("u-1")] };
    expect(decideConversation(actor("customer"), "create", alone).allowed).toBe(true);
  });

  test.each<[string, Partial<ConversationFacts>]>([
    ["another customer", { others: [{ user: idOf("u-3"), role: "customer" }] }],
    ["an admin", { others: [{ user: idOf("u-3"), role: "admin" }] }],
    ["somebody the tenant does not know", { others: [] }],
    ["somebody whose role was not looked up", {}],
    [
      "without themself",
      { members: [idOf("u-3")], others: [{ user: idOf("u-3"), role: "agent" }] },
    ],
  ])("is refused to a customer: %s", (_what, changes) => {
    expect(decideConversation(actor("customer"), "create", { ...own, ...changes }).allowed).toBe(
      false,
    );
  });

  test.each<Role>(["agent", "supervisor", "admin", "bot"])("is refused to the role %s", (role) => {
    const others = [{ user: idOf<UserId>("u-3"), role: "agent" as const }];
    expect(decideConversation(actor(role), "create", { ...own, others }).allowed).toBe(false);
  });
});

describe("showing the past", () => {
  const shown = {
    recipient: idOf<UserId>("u-2"),
    recipientIsMember: true,
    covered: true,
    staffMay: true,
    consented: true,
  };
  const decide = (role: Role, grant: Partial<typeof shown>, createdBy = idOf<UserId>("u-1")) =>
    decideConversation(actor(role), "grant_history", {
      ...facts({ createdBy: idOf(createdBy) }),
      grant: { ...shown, ...grant },
    }).allowed;
  const nothing = { staffMay: false, consented: false };

  test.each<[Role, string, Partial<typeof shown>, boolean]>([
    ["customer", "of their conversation", nothing, true],
    ["agent", "with leave and consent", {}, true],
    ["supervisor", "with leave and consent", {}, true],
    ["agent", "without the tenant's permission", { staffMay: false }, false],
    ["agent", "without consent", { consented: false }, false],
    ["agent", "to their own device", { ...nothing, recipient: idOf("u-1") }, true],
    ["agent", "that they have not seen", { covered: false }, false],
    ["agent", "to a user who is not a member", { recipientIsMember: false }, false],
    ["bot", "with leave and consent", {}, false],
    ["bot", "to its own device", { ...nothing, recipient: idOf("u-1") }, true],
    ["admin", "with leave and consent", {}, false],
  ])("%s, %s", (role, _what, grant, allowed) => {
    expect(decide(role, grant)).toBe(allowed);
  });

  test("of a closed conversation only to an own device", () => {
    const closed = (role: Role, recipient: UserId) =>
      decideConversation(actor(role), "grant_history", {
        ...facts({ createdBy: idOf("u-1"), state: "closed" }),
        grant: { ...shown, recipient },
      });
    for (const role of ["customer", "agent", "supervisor", "bot"] as const) {
      expect(closed(role, idOf("u-2")).reasons).toContain("conversation_closed");
      expect(closed(role, idOf("u-1")).allowed).toBe(true);
    }
  });

  test("a customer does not show another's conversation", () => {
    expect(decide("customer", {}, idOf("u-3"))).toBe(false);
  });

  test.each<[Role, string, boolean]>([
    ["customer", "u-1", true],
    ["customer", "u-2", false],
    ["agent", "u-1", false],
    ["supervisor", "u-1", false],
  ])("a %s consents in the conversation of %s: %s", (role, createdBy, allowed) => {
    const decision = decideConversation(
      actor(role),
      "change_consent",
      facts({ createdBy: idOf(createdBy) }),
    );
    expect(decision.allowed).toBe(allowed);
  });

  test.each<[string, ConsentChange, string | undefined]>([
    ["the first one", { state: "given", changesNothing: false, given: 0 }, undefined],
    ["a withdrawal", { state: "withdrawn", changesNothing: false, given: 1 }, undefined],
    ["the same again", { state: "given", changesNothing: true, given: 1 }, "consent_unchanged"],
    [
      "one more than the most",
      { state: "given", changesNothing: false, given: MAX_CONSENTS },
      "too_many_consents",
    ],
    [
      "the last withdrawal",
      { state: "withdrawn", changesNothing: false, given: MAX_CONSENTS },
      undefined,
    ],
  ])("a consent that is %s", (_, consent, fault) => {
    const about = { ...facts({ createdBy: idOf("u-1") }), consent };
    const { allowed, reasons } = decideConversation(actor("customer"), "change_consent", about);
    expect(allowed).toBe(fault === undefined);
    if (fault !== undefined) expect(reasons).toContain(fault);
  });
});

describe("for any facts", () => {
  const decided = fc.tuple(anyActor, fc.constantFrom(...conversationActions), anyConversation);
  const always = (holds: (...args: [...Parameters<typeof decideConversation>]) => boolean) =>
    fc.assert(
      fc.property(decided, ([who, action, about]) => holds(who, action, about)),
      { seed: 20_260_101, numRuns: 5000 },
    );
  const allowed = (...args: Parameters<typeof decideConversation>) =>
    decideConversation(...args).allowed;

  test("an actor cannot touch another tenant's conversation", () => {
    always((who, action, about) => who.tenant === about.tenant || !allowed(who, action, about));
  });

  test("an administrator is never allowed anything", () => {
    always((who, action, about) => who.role !== "admin" || !allowed(who, action, about));
  });

  test("only members read and post", () => {
    always(
      (who, action, about) =>
        !["read", "post", "upload"].includes(action) ||
        about.members.includes(who.user) ||
        !allowed(who, action, about),
    );
  });

  test("an actor cannot show messages that they have not seen, or show messages to outsiders", () => {
    always(
      (who, action, about) =>
        action !== "grant_history" ||
        (about.members.includes(who.user) &&
          about.grant?.covered === true &&
          about.grant.recipientIsMember) ||
        !allowed(who, action, about),
    );
  });

  test("a closed conversation is only read, and shown to its readers' own devices", () => {
    always(
      (who, action, about) =>
        about.state === "open" ||
        action === "read" ||
        action === "read_members" ||
        (action === "upload" && about.hasSibling === true) ||
        (action === "grant_history" && about.grant?.recipient === who.user) ||
        !allowed(who, action, about),
    );
  });

  test("customers and admins are never added, and customers never removed", () => {
    always(
      (who, action, about) =>
        !["add_member", "remove_member"].includes(action) ||
        !["customer", "admin"].includes(about.subject?.role ?? "admin") ||
        !allowed(who, action, about),
    );
  });

  test("equal facts give the same answer, with at least one reason", () => {
    always((who, action, about) => {
      const decision = decideConversation(who, action, about);
      expect(decideConversation(who, action, about)).toEqual(decision);
      return decision.reasons.length > 0;
    });
  });
});
