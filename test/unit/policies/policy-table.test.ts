import { roles } from "../../../policies/actor.ts";
import { defaultPolicy } from "../../../policies/policy.ts";
import { policyTable } from "../../../policies/policy-table.ts";
import { defaultRules } from "../../../policies/rules/default-rules.ts";
import { expectSection, markdownTable } from "../../support/generated-section.ts";

const titles = {
  conversation: "Conversations",
  relay: "Frames of the relay",
  upload: "Attachments that are being sent",
  directory: "Accounts, devices and their keys",
  credentials: "Passwords, second factors and sessions",
  link: "Requests to link a device",
  audit_log: "The audit log",
  account_names: "The names of accounts",
  disclosures: "The accounting of disclosures",
  staff_list: "The list of staff",
  alerts: "Alerts of officers",
  approvals: "Requests for an approval",
  second_person: "Requests for acts that need a second person",
  break_glass: "Access in an emergency",
  holds: "Legal holds",
  cases: "Cases",
  retention: "Retention",
  requests: "What people ask for by law",
  notices: "Privacy notices",
  consents: "Consents for an account",
  erasures: "Erasures",
  restrictions: "Restrictions of processing",
  breaches: "Breaches",
  reports: "Reports",
  compliance: "The report about compliance",
  administration: "API keys of the tenant's backend",
  tenants: "Keys of the operator",
  policy: "The policy",
} as const;

test("docs/access.md has every rule", async () => {
  const rows = policyTable(defaultPolicy);
  const texts = Object.entries(titles).map(([resource, title]) => {
    const table = rows
      .filter((row) => row.resource === resource)
      .map(({ action, roles: by, means, rule, approvers = 0 }) => [
        `\`${action}\``,
        by.length === roles.length ? "everyone" : by.join(", "),
        approvers === 0
          ? means
          : `${means} ${approvers === 1 ? "Another person" : `${approvers} other people`} must approve it.`,
        `\`${rule}\``,
      ]);
    return `### ${title}\n\n${markdownTable([["action", "roles", "if", "rule"], ...table])}`;
  });
  await expectSection("policy-table", "rules", texts.join("\n"));
});

test("the page has every kind of resource", () => {
  const resources = new Set(defaultRules.map(({ resource }) => resource));
  expect(Object.keys(titles).toSorted()).toEqual([...resources].toSorted());
});

test("every rule has an id of its own, and is data", () => {
  const ids = defaultRules.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  expect(JSON.parse(JSON.stringify(defaultRules))).toEqual(defaultRules);
});

test("no rule speaks of a tenant: it holds within the actor's own", () => {
  const speaking = defaultRules.filter(({ conditions }) => "tenant" in conditions);
  expect(speaking).toEqual([]);
});
