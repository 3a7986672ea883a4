import type { UserId } from "../../../crypto/wire/ids.ts";
import { decideAuditReading } from "../../../policies/audit-access.ts";
import { decideConversation } from "../../../policies/abilities.ts";
import {
  decidePurpose,
  generalPurposes,
  purposeReads,
  type PurposeRead,
} from "../../../policies/purpose-of-use.ts";
import { compilePolicy } from "../../../policies/versions/compile-policy.ts";
import { idOf } from "../../../tools/testkit/ids.ts";
import { actor, allRoles } from "./actors.ts";

const reads = Object.keys(purposeReads) as PurposeRead[];
const setting = (...demanded: PurposeRead[]) => ({ reads: demanded, codes: ["CLAIMS_REVIEW"] });

test("a demanded purpose must be stated, and one on no list is refused everywhere", () => {
  for (const read of reads)
    for (const role of [...allRoles.filter((each) => each !== "customer"), undefined]) {
      const facts = { role, purposeSetting: setting(read) };
      expect(decidePurpose(facts, read)).toEqual({
        allowed: false,
        reasons: ["purpose_not_stated"],
      });
      for (const purpose of [...Object.keys(generalPurposes), "CLAIMS_REVIEW"])
        expect(decidePurpose({ ...facts, purpose }, read).allowed).toBe(true);
      for (const purposeSetting of [setting(read), setting(), undefined])
        expect(decidePurpose({ role, purposeSetting, purpose: "CURIOSITY" }, read)).toEqual({
          allowed: false,
          reasons: ["purpose_not_listed"],
        });
      const others = reads.filter((each) => each !== read);
      expect(decidePurpose({ role, purposeSetting: setting(...others) }, read).allowed).toBe(true);
    }
});

test("a customer never states a purpose", () => {
  for (const read of reads)
    expect(decidePurpose({ role: "customer", purposeSetting: setting(...reads) }, read)).toEqual({
      allowed: true,
      reasons: ["own_data"],
    });
});

test("a rule can demand a purpose, and the refusal says that another one is needed", () => {
  const { policy, faults } = compilePolicy(1, {
    off: ["audit_log.read", "conversation.read"],
    add: [
      {
        id: "local.audit",
        narrows: "audit_log.read",
        actions: ["read"],
        roles: ["auditor"],
        conditions: { purpose: "CLAIMS_REVIEW" },
        means: "For a review of claims.",
      },
      {
        id: "local.members",
        narrows: "conversation.read",
        actions: ["read_members"],
        roles: ["bot"],
        conditions: { purpose: { $in: ["TREAT", "ETREAT"] } },
        means: "For treatment.",
      },
    ],
  });
  expect(faults).toEqual([]);
  const auditor = { ...actor("auditor", { policy: policy! }), purposeSetting: setting() };
  const decide = (purpose?: string) => decideAuditReading({ ...auditor, purpose }, auditor.tenant);
  expect(decide("CLAIMS_REVIEW").allowed).toBe(true);
  for (const purpose of [undefined, "TREAT"])
    expect(decide(purpose)).toEqual({
      allowed: false,
      reasons: ["role_auditor", "other_purpose"],
    });
  const facts = {
    tenant: auditor.tenant,
    createdBy: idOf<UserId>("u-2"),
    members: [auditor.user],
    state: "open",
  } as const;
  const bot = actor("bot", { policy: policy! });
  const may = (purpose?: string) =>
    decideConversation({ ...bot, purpose }, "read_members", facts).allowed;
  expect([may(), may("HRESCH"), may("TREAT"), may("ETREAT")]).toEqual([false, false, true, true]);
});

test.each([
  ["no code", { purpose: "for treatment" }, ["read_members"]],
  ["a frame has no purpose", { purpose: "TREAT" }, ["read"]],
])("a version is refused: %s", (_why, conditions, actions) => {
  const { faults } = compilePolicy(1, {
    off: [],
    add: [
      {
        id: "local.members",
        narrows: "conversation.read",
        actions,
        roles: ["bot"],
        conditions,
        means: "A test.",
      },
    ],
  });
  expect(faults).toHaveLength(1);
});
