import fc from "fast-check";
import type { UserId } from "../../../crypto/wire/ids.ts";
import {
  accountFor,
  decideDisclosureReading,
  disclosingActs,
  sixYearsBefore,
  type DisclosingAction,
  type LoggedAct,
} from "../../../policies/disclosures.ts";
import { generalPurposes } from "../../../policies/purpose-of-use.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, allRoles } from "./actors.ts";

const person = idOf<UserId>("person");
const act = (action: DisclosingAction, changes: Partial<LoggedAct> = {}): LoggedAct => ({
  index: 1,
  occurredAtMs: 1_000,
  action,
  actor: { id: "staff" },
  resource: { id: "conversation" },
  ...changes,
});
const operationsOf = (...acts: readonly LoggedAct[]) =>
  accountFor(person, acts, { includesOperations: true });
const required = (...acts: readonly LoggedAct[]) =>
  accountFor(person, acts, { includesOperations: false });

const archiver = act("conversation.add_member", {
  subject: "archiver",
  details: { role: "archiver" },
});
const colleague = act("history.grant", { subject: "colleague", details: { purpose: "hand_over" } });
const exported = act("audit.export", { details: { subject: person } });

test.each<[string, LoggedAct, string]>([
  ["access in an emergency", act("break_glass.use", { purpose: "ETREAT" }), "staff"],
  ["an archive that is added", archiver, "archiver"],
  [
    "an archive from the beginning",
    act("conversation.create", { actor: { id: person }, details: { archivers: ["archiver"] } }),
    "archiver",
  ],
  ["an export of one person's entries", exported, "staff"],
  ["research, by what would be operations", { ...colleague, purpose: "HRESCH" }, "colleague"],
  ["a code of the tenant's own", act("attachment.read", { purpose: "CLAIMS_REVIEW" }), "staff"],
  [
    "what the operator does for public health",
    act("audit.read_names", {
      actor: { id: "operator", person: { name: "alice", purpose: "PUBHLTH" } },
      details: { accounts: [person] },
    }),
    "operator",
  ],
])("the regulation asks for %s", (_what, logged, recipient) => {
  expect(required(logged)).toMatchObject({ disclosures: [{ recipient, count: 1 }], leftOut: 0 });
});

test.each<[string, LoggedAct]>([
  ["earlier messages for a colleague", colleague],
  ["an attachment that a member opens", act("attachment.read")],
  ["a colleague who joins", act("conversation.add_member", { details: { role: "agent" } })],
  ["what is read for treatment", act("conversation.read", { purpose: "TREAT" })],
  ["an export for payment", { ...exported, purpose: "HPAYMT" }],
  ["a search of the log", act("audit.search", { details: { subject: person } })],
])("the regulation exempts %s, which a tenant may list", (_what, logged) => {
  expect(required(logged)).toEqual({ disclosures: [], leftOut: 1 });
  expect(operationsOf(logged)).toMatchObject({ disclosures: [{ count: 1 }], leftOut: 0 });
});

test.each<[string, LoggedAct]>([
  ["the person is shown something", act("history.grant", { subject: person })],
  ["the person shows something", { ...colleague, actor: { id: person } }],
  ["a device of the same account is shown it", { ...colleague, subject: "staff" }],
  ["somebody else's entries are exported", act("audit.export", { details: { subject: "other" } })],
  ["the whole log is exported", act("audit.export", { details: { size: 10 } })],
  ["names of others are read", act("audit.read_names", { details: { accounts: ["other"] } })],
  [
    "the joining is by break-glass, which is counted already",
    { ...archiver, details: { role: "agent", breakGlass: "id" } },
  ],
  ["the accounting of another person is read", act("audit.read_disclosures", { subject: "other" })],
])("it is no disclosure if %s", (_what, logged) => {
  expect(operationsOf(logged)).toEqual({ disclosures: [], leftOut: 0 });
});

test("disclosures to one recipient for one purpose are one, with the first, the last and their number", () => {
  const times = [5, 3, 9].map((index) =>
    act("attachment.read", { index, occurredAtMs: index * 1_000, purpose: "HRESCH" }),
  );
  const other = act("attachment.read", { index: 4, purpose: "HMARKT" });
  expect(required(...times, other).disclosures).toEqual([
    expect.objectContaining({
      firstAtMs: 3_000,
      lastAtMs: 9_000,
      count: 3,
      index: 3,
      purpose: "HRESCH",
      conversation: "conversation",
    }),
    expect.objectContaining({ count: 1, index: 4, purpose: "HMARKT" }),
  ]);
});

test("no act is lost: each is listed, left out, or none, and the setting only adds", () => {
  const acts = fc.array(
    fc.record({
      index: fc.integer({ min: 0, max: 1_000_000 }),
      occurredAtMs: fc.nat(),
      action: fc.constantFrom(...Object.keys(disclosingActs), "session.create"),
      actor: fc.constantFrom({ id: "staff" }, { id: String(person) }),
      subject: fc.constantFrom(undefined, "colleague", String(person)),
      resource: fc.constantFrom({ id: "one" }, { id: "two" }),
      purpose: fc.constantFrom(undefined, ...Object.keys(generalPurposes), "OWN_CODE"),
      details: fc.constantFrom(
        {},
        { role: "archiver" },
        { subject: person, accounts: [person], archivers: ["archiver"] },
      ),
    }),
  );
  const total = (disclosures: readonly { readonly count: number }[]) =>
    disclosures.reduce((sum, { count }) => sum + count, 0);
  fc.assert(
    fc.property(acts, (logged) => {
      const [some, all] = [required(...logged), operationsOf(...logged)];
      expect(all.leftOut).toBe(0);
      expect(total(some.disclosures) + some.leftOut).toBe(total(all.disclosures));
      for (const each of some.disclosures)
        expect(all.disclosures.some(({ recipient }) => recipient === each.recipient)).toBe(true);
      const emergencies = logged.filter(
        ({ action, actor: { id } }) => action === "break_glass.use" && id !== person,
      );
      expect(total(some.disclosures.filter(({ action }) => action === "break_glass.use"))).toBe(
        emergencies.length,
      );
    }),
    { seed: 164_528 },
  );
});

test("auditors and officers read the accounting, of their own tenant", () => {
  const may = (tenant: string) =>
    allRoles.filter((role) => decideDisclosureReading(actor(role), idOf(tenant)).allowed);
  expect(may("t-1")).toEqual(["auditor", "compliance_officer", "privacy_officer"]);
  expect(may("t-2")).toEqual([]);
});

test.each([
  ["2026-11-30T12:00:00Z", "2020-11-30T12:00:00Z"],
  ["2024-02-29T00:00:00Z", "2018-02-28T00:00:00Z"],
  ["2026-03-01T00:00:00Z", "2020-03-01T00:00:00Z"],
])("six years before %s is %s", (end, begin) => {
  expect(sixYearsBefore(Date.parse(end))).toBe(Date.parse(begin));
});
