import { decideReport, disclosedUntilMs, type ReportFacts } from "../../../policies/reports.ts";
import { decideUnderSanction, type Sanction } from "../../../policies/sanctions.ts";
import type { ReportAction } from "../../../policies/rules/reports.ts";
import type { Role } from "../../../policies/roles.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, allRoles } from "./actors.ts";

const DAY_MS = 86_400_000;
const [self, other, third] = ["u-1", "u-2", "u-3"].map((name) => String(idOf(name)));
const facts: ReportFacts = {
  tenant: idOf("t-1"),
  wasMember: true,
  reporter: other!,
  reported: third!,
  requester: other!,
};

const allowedTo: Readonly<Record<ReportAction, readonly Role[]>> = {
  submit: ["customer", "agent", "supervisor"],
  read: ["moderator"],
  decide: ["moderator"],
  approve: ["moderator"],
  refuse: ["moderator"],
  withdraw: ["moderator"],
  count: ["supervisor", "moderator", "compliance_officer"],
  read_own: ["customer", "agent", "supervisor"],
  appeal: ["customer", "agent", "supervisor"],
  decide_appeal: ["moderator"],
};

test.each(Object.entries(allowedTo))("%s is for these roles alone", (action, allowed) => {
  const isOwn = action === "read_own" || action === "appeal";
  const asked = isOwn ? { ...facts, reported: self! } : facts;
  const may = allRoles.filter(
    (role) => decideReport(actor(role), action as ReportAction, asked).allowed,
  );
  expect(may.toSorted()).toEqual(allowed.toSorted());
});

test.each<[string, ReportAction, Role, Partial<ReportFacts>, string]>([
  ["of another tenant", "read", "moderator", { tenant: idOf("t-2") }, "foreign_tenant"],
  ["of one's own", "read", "moderator", { reporter: self! }, "own_report"],
  ["about oneself", "decide", "moderator", { reported: self! }, "reported_person"],
  ["that one asked to ban for", "approve", "moderator", { requester: self! }, "own_request"],
  ["that one decided", "decide_appeal", "moderator", { judges: [other!, self!] }, "own_decision"],
  ["about another person", "appeal", "customer", {}, "role_customer"],
  ["in a strange conversation", "submit", "agent", { wasMember: false }, "not_a_member"],
])("a report %s is denied", (_what, action, role, changes, reason) => {
  const { allowed, reasons } = decideReport(actor(role), action, { ...facts, ...changes });
  expect(allowed).toBe(false);
  expect(reasons).toContain(reason);
});

test.each<ReportAction>(["submit", "decide", "approve", "refuse"])(
  "%s needs a registered device",
  (action) => {
    const role = action === "submit" ? "customer" : "moderator";
    const decision = decideReport(actor(role, { device: undefined }), action, facts);
    expect(decision).toMatchObject({ allowed: false, reasons: ["device_not_registered"] });
  },
);

test("an undecided report is kept for a year, and a decided one for the time of complaints", () => {
  expect(disclosedUntilMs(1_000)).toBe(1_000 + 365 * DAY_MS);
  expect(disclosedUntilMs(1_000, 5_000)).toBe(5_000 + 214 * DAY_MS);
});

test.each<["post" | "create", Sanction | undefined, boolean]>([
  ["post", undefined, true],
  ["post", "mute", false],
  ["post", "ban", false],
  ["create", undefined, true],
  ["create", "mute", true],
  ["create", "ban", false],
])("%s under %s: %s", (action, sanction, allowed) => {
  expect(decideUnderSanction(action, sanction).allowed).toBe(allowed);
});
