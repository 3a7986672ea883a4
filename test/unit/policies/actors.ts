import fc from "fast-check";
import type { ConversationAction, ConversationFacts } from "../../../policies/abilities.ts";
import { roles, type Actor, type Role } from "../../../policies/actor.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { unknownSignIn } from "../../../policies/sign-in-facts.ts";
import type { TenantId, UserId, DeviceId, SessionId } from "../../../crypto/wire/ids.ts";

/** Few users and tenants, so that generated facts often name the same ones. */
export const users = ["u-1", "u-2", "u-3", "u-4"].map(idOf<UserId>);
export const tenants = ["t-1", "t-2"].map(idOf<TenantId>);
export const allRoles = roles;

export const actor = (role: Role, changes: Partial<Actor> = {}): Actor => ({
  tenant: idOf("t-1"),
  user: idOf("u-1"),
  role,
  device: idOf("d-1"),
  session: idOf("s-1"),
  method: "password",
  policy: defaultPolicy,
  signIn: unknownSignIn,
  ...changes,
});

export const anyActor: fc.Arbitrary<Actor> = fc.record({
  tenant: fc.constantFrom(...tenants),
  user: fc.constantFrom(...users),
  role: fc.constantFrom(...allRoles),
  device: fc.option(fc.constantFrom(...["d-1", "d-2"].map(idOf<DeviceId>)), { nil: undefined }),
  session: fc.constant(idOf<SessionId>("s-1")),
  method: fc.constant("password"),
  policy: fc.constant(defaultPolicy),
  signIn: fc.constant(unknownSignIn),
});

const subject: fc.Arbitrary<{ user: UserId; role: Role }> = fc.record({
  user: fc.constantFrom(...users),
  role: fc.constantFrom(...allRoles),
});

export const conversationActions: readonly ConversationAction[] = [
  "create",
  "read",
  "read_members",
  "add_member",
  "remove_member",
  "close",
  "post",
  "upload",
  "grant_history",
  "change_consent",
];
export const anyConversation: fc.Arbitrary<ConversationFacts> = fc.record({
  tenant: fc.constantFrom(...tenants),
  createdBy: fc.constantFrom(...users),
  members: fc.uniqueArray(fc.constantFrom(...users)),
  state: fc.constantFrom("open", "closed"),
  hasSibling: fc.option(fc.boolean(), { nil: undefined }),
  subject: fc.option(subject, { nil: undefined }),
  others: fc.option(fc.array(subject), { nil: undefined }),
  grant: fc.option(
    fc.record({
      recipient: fc.constantFrom(...users),
      recipientIsMember: fc.boolean(),
      covered: fc.boolean(),
      staffMay: fc.boolean(),
      consented: fc.boolean(),
    }),
    { nil: undefined },
  ),
});
