import type { LoggedEntry } from "../../audit/export/entry-filter.ts";
import { idOf } from "../../tools/testkit/ids.ts";
import type { TenantId, UserId } from "../../crypto/wire/ids.ts";

const tenant = idOf<TenantId>("0198f0c2-0000-7000-8000-000000000001");
const agent = "0198f0c2-0000-7000-8000-00000000000a";
const customer = idOf<UserId>("0198f0c2-0000-7000-8000-00000000000c");

const base: LoggedEntry = {
  eventId: "0198f0c2-0000-7000-8000-0000000000e0",
  occurredAtMs: 1_700_000_000_123,
  tenant,
  actor: {
    kind: "user",
    id: agent,
    role: "agent",
    device: idOf("0198f0c2-0000-7000-8000-00000000000d"),
  },
  action: "conversation.read",
  class: "R",
  resource: { type: "conversation", id: "0198f0c2-0000-7000-8000-0000000000cc" },
  subject: customer,
  outcome: "success",
  requestId: "0198f0c2-0000-7000-8000-000000000123",
  session: idOf("0198f0c2-0000-7000-8000-00000000005e"),
  method: "password",
};

const withoutSubject = { ...base, subject: undefined };

/** An entry of every kind that the formats tell apart. */
export const sampleEntries = {
  read: base,
  list: { ...withoutSubject, action: "conversation.list", details: { count: 3 } },
  create: { ...base, action: "conversation.create", class: "C", details: { members: [agent] } },
  update: { ...base, action: "conversation.add_member", class: "U" },
  remove: { ...base, action: "conversation.remove_member", class: "D" },
  grant: {
    ...base,
    action: "history.grant",
    class: "E",
    details: { purpose: "hand_over", fromSeq: 1, consent: null },
  },
  ofCustomer: {
    ...withoutSubject,
    action: "conversation.read",
    actor: { ...base.actor, id: customer, role: "customer" },
  },
  signIn: {
    ...withoutSubject,
    action: "session.create",
    class: "C",
    resource: { type: "session", id: "0198f0c2-0000-7000-8000-00000000005e" },
  },
  signOut: { ...withoutSubject, action: "session.revoke", class: "D" },
  refused: {
    ...base,
    outcome: "refused",
    reason: "not_a_member",
    decision: { allowed: false, reasons: ["not_a_member"] },
  },
  failed: { ...base, outcome: "failed", reason: "unavailable" },
  impaired: { ...base, outcome: "impaired", reason: "unavailable" },
  system: {
    ...withoutSubject,
    actor: { kind: "system", id: "transcripts" },
    action: "transcript.record",
    class: "C",
    requestId: undefined,
    session: undefined,
    method: undefined,
    details: { conversations: [{ id: "x", seq: 4 }], note: "" },
  },
  account: {
    ...withoutSubject,
    action: "user.create",
    class: "C",
    resource: { type: "user", id: customer },
    details: { role: "customer" },
  },
  anonymous: {
    ...withoutSubject,
    actor: { kind: "user", id: "unknown" },
    action: "session.create",
    class: "C",
    outcome: "refused",
    reason: "invalid_credentials",
    session: undefined,
  },
} satisfies Record<string, LoggedEntry>;
