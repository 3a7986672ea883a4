import { isId, type UserId } from "../../../crypto/wire/ids.ts";
import { explainAccess, type ExplainedAccess } from "../../../messaging/access/explain-access.ts";
import { whoCan, type Holders } from "../../../messaging/access/who-can.ts";
import type { ExaminedRule } from "../../../policies/explanation.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { namesFor, namesText } from "../audit/who.ts";
import { withPolicy } from "./with-policy.ts";

interface Options {
  readonly tenant: string;
  readonly subject?: string;
  readonly json?: true;
}

interface Words {
  readonly action: string;
  readonly resource: string;
}

/** Says whether an account may do something, and why. */
export async function explainCommand(
  settings: Settings,
  { user, ...words }: Words & { readonly user: string },
  { tenant, subject, at, json }: Options & { readonly at?: string },
): Promise<string> {
  const asked = {
    ...words,
    user: accountOf(user),
    subject: subject === undefined ? undefined : accountOf(subject),
    atMs: timeOf(at),
  };
  const explained = await withPolicy(settings, tenant, ({ deps, party }) =>
    explainAccess(deps, party, asked),
  );
  return json === true ? JSON.stringify(explained) : explainedText(explained);
}

function explainedText({
  decision,
  role,
  version,
  rule,
  rules,
  approvers,
}: ExplainedAccess): string {
  const by = `version ${version} of the policy`;
  const answer = decision.allowed
    ? `Yes, by the rule ${rule} of ${by}.${approvers === 0 ? "" : " Another person must approve it."}`
    : `No, by ${by}: ${decision.reasons.join(", ")}.`;
  const others = rules.filter((each) => each.rule !== rule).map((each) => ruleText(each, role));
  return [answer, ...(rules.length === 0 ? ["No rule is about this action."] : others)].join("\n");
}

/** Says what keeps a rule from allowing the act. */
function ruleText(examined: ExaminedRule, role: string): string {
  const open = examined.conditions.flatMap(({ fact, wanted, holds }) => {
    const text = `${fact} must be ${JSON.stringify(wanted)}`;
    if (holds === undefined) return [`${text}, which depends on the request`];
    return holds ? [] : [`${text}, and is not`];
  });
  const why = [
    ...(examined.role ? [] : [`it is not for the role ${role}`]),
    ...(examined.device ? [] : ["it is not for the account's device"]),
    ...open,
  ];
  return `  ${examined.rule}: ${why.length === 0 ? "allows it too" : why.join("; ")}`;
}

/** Lists who may do something. */
export async function whoCanCommand(
  settings: Settings,
  words: Words,
  { tenant, subject, names, json }: Options & { readonly names?: true },
): Promise<string> {
  const asked = { ...words, subject: subject === undefined ? undefined : accountOf(subject) };
  const holders = await withPolicy(settings, tenant, ({ deps, party }) =>
    whoCan(deps, party, asked),
  );
  if (json === true) return JSON.stringify(holders);
  const ids = holders.accounts.map(({ user }) => user);
  const named = names === true ? await namesFor(settings, tenant, ids) : undefined;
  const lines = holders.accounts.map(({ user, role, rule }) => {
    const found = named?.get(user);
    return `${user}  ${role}  ${rule}${found === undefined ? "" : `  ${namesText(found)}`}`;
  });
  return [...lines, customersText(holders)].join("\n");
}

const customersText = ({ customers, version, accounts }: Holders): string =>
  customers === undefined
    ? `${accounts.length === 0 ? "Nobody" : "Nobody else"} may, by version ${version} of the policy.`
    : `Every other customer may, by the rule ${customers} of version ${version} of the policy.`;

function accountOf(id: string): UserId {
  if (!isId<UserId>(id))
    throw new CommandError("Give the id of an account, as the audit log shows it.");
  return id;
}
