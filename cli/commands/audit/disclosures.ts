import { KnownHeads } from "../../../audit/read/known-heads.ts";
import { isId, type UserId } from "../../../crypto/wire/ids.ts";
import {
  readDisclosuresAsOperator,
  type Disclosures,
} from "../../../identity/audit-log/read-disclosures.ts";
import type { Disclosure } from "../../../policies/disclosures.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { withLog } from "./open-log.ts";
import { namesFor, namesText } from "./who.ts";

export interface DisclosuresOptions {
  readonly tenant: string;
  readonly from?: string;
  readonly until?: string;
  readonly names?: true;
  readonly json?: true;
}

/**
 * Prints the accounting of the disclosures about an account: one line for each kind, recipient and purpose.
 * @throws CommandError; IdentityError user_not_found, purpose_required; AuditError audit_log_altered
 */
export async function disclosuresCommand(
  settings: Settings,
  subject: string,
  { tenant: slug, from, until, names, json }: DisclosuresOptions,
): Promise<string> {
  if (!isId<UserId>(subject))
    throw new CommandError("Give the id of an account, as the audit log shows it.");
  const asked = { subject, fromMs: timeOf(from), untilMs: timeOf(until) };
  const accounting = await withLog(settings, { tenant: slug }, ({ tenant, signer }, { pool }) => {
    if (tenant === undefined) throw new CommandError("Give the slug of a tenant.");
    const deps = { pool, now: Date.now, heads: new KnownHeads(signer.publicKey) };
    return readDisclosuresAsOperator(deps, tenant, asked, settings.operator);
  });
  const recipients = accounting.disclosures.map(({ recipient }) => recipient);
  const ids = [...new Set(recipients)].filter((id) => isId<UserId>(id));
  const named = names === true ? await namesFor(settings, slug, ids) : undefined;
  const nameOf = (id: string) => (isId<UserId>(id) ? named?.get(id) : undefined);
  if (json === true)
    return JSON.stringify({
      ...accounting,
      disclosures: accounting.disclosures.map((each) => {
        const account = nameOf(each.recipient);
        return named === undefined
          ? each
          : {
              ...each,
              username: account?.username ?? null,
              displayName: account?.displayName ?? null,
            };
      }),
    });
  const lines = accounting.disclosures.map((each) => {
    const account = nameOf(each.recipient);
    return account === undefined ? lineOf(each) : `${lineOf(each)}  ${namesText(account)}`;
  });
  return [headOf(accounting), ...lines, ...notesOf(accounting)].join("\n");
}

const headOf = ({ subject, fromMs, untilMs, disclosures }: Disclosures): string =>
  `Disclosures about ${subject} from ${timeText(fromMs)} to ${timeText(untilMs)}: ${disclosures.length === 0 ? "none." : ""}`.trimEnd();

function lineOf({ firstAtMs, lastAtMs, count, recipient, ...rest }: Disclosure): string {
  const { shown, conversation, purpose, index } = rest;
  const when =
    count === 1
      ? timeText(firstAtMs)
      : `${timeText(firstAtMs)} to ${timeText(lastAtMs)}, ${count} times`;
  const where = conversation === null ? "" : ` ${conversation}`;
  return `${when}  to ${recipient}  ${shown}${where}  purpose ${purpose ?? "not stated"}  entry ${index}`;
}

function notesOf({ leftOut, includesOperations, unreadable, prunedBelow }: Disclosures): string[] {
  return [
    ...(includesOperations
      ? []
      : [
          `${leftOut} acts for treatment, payment and health care operations are left out (45 CFR 164.528(a)(1)(i)).`,
        ]),
    ...(unreadable > 0 ? [`${unreadable} entries of the log cannot be read.`] : []),
    ...(prunedBelow > 0
      ? [`Entries below ${prunedBelow} were pruned. Disclosures that only they show are missing.`]
      : []),
  ];
}

const timeText = (ms: number): string => new Date(ms).toISOString();
