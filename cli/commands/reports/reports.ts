import { uuidv7 } from "uuidv7";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { idGenerator, isId, type ReportId } from "../../../crypto/wire/ids.ts";
import { decideAppeal } from "../../../moderation/reports/appeal.ts";
import { decideAboutReport } from "../../../moderation/reports/decide-report.ts";
import type { StoredReport } from "../../../moderation/reports/report-rows.ts";
import { requestBan } from "../../../moderation/reports/request-ban.ts";
import {
  countReports,
  listReports,
  showReport,
  type ShownMessage,
} from "../../../moderation/reports/show-reports.ts";
import { MOST_BAN_HOURS, MOST_MUTE_HOURS } from "../../../policies/report-terms.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withKeys } from "../../with-keys.ts";
import { dayOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";

export interface JsonOptions {
  readonly tenant: string;
  readonly json?: true;
}

export interface ListOptions extends JsonOptions {
  readonly all?: true;
}

export interface DecideOptions {
  readonly tenant: string;
  readonly decision: string;
  readonly reason: string;
  readonly hours?: string;
  readonly deviceOnly?: true;
}

export interface AppealOptions {
  readonly tenant: string;
  readonly outcome: string;
  readonly reason: string;
}

/** Lists reports, without what they disclose. */
export async function listReportsCommand(
  settings: Settings,
  { tenant, all, json }: ListOptions,
): Promise<string> {
  const found = await withPolicy(settings, tenant, ({ deps, party }) =>
    listReports(deps, party, { all: all === true }),
  );
  if (json === true) return JSON.stringify(found);
  return found.length === 0 ? "No report waits for a decision." : found.map(line).join("\n");
}

/** Shows a report with what it discloses. Texts are printed as JSON, so they cannot control the terminal. */
export async function showReportCommand(
  settings: Settings,
  text: string,
  { tenant, json }: JsonOptions,
): Promise<string> {
  const id = reportOf(text);
  const { operator } = settings;
  const shown = await withKeys(settings, tenant, ({ data, scopes, tenant: of }) =>
    showReport({ pool: data, now: Date.now, scopeKeys: scopes }, { tenant: of, operator }, id),
  );
  if (json === true) return JSON.stringify(shown);
  return [line(shown), ...shown.messages.map(messageLine)].join("\n");
}

/** Decides about a report, or asks for a ban. */
export async function decideReportCommand(
  settings: Settings,
  text: string,
  { tenant, decision, reason, hours: given, deviceOnly }: DecideOptions,
): Promise<string> {
  const id = reportOf(text);
  const isTimed = decision === "mute" || decision === "ban";
  const hours = hoursOf(given, decision === "mute" ? MOST_MUTE_HOURS : MOST_BAN_HOURS);
  if (hours !== undefined && !isTimed) throw new CommandError("--hours goes with a mute or a ban.");
  if (deviceOnly === true && decision !== "ban")
    throw new CommandError("--device-only goes with a ban.");
  switch (decision) {
    case "dismiss":
    case "warn":
      await withPolicy(settings, tenant, ({ deps, party }) =>
        decideAboutReport(deps, party, id, { decision, reason }),
      );
      return `Report ${id} is decided: ${decision}.`;
    case "mute":
      if (hours === undefined) throw new CommandError("A mute needs --hours.");
      await withPolicy(settings, tenant, ({ deps, party }) =>
        decideAboutReport(deps, party, id, { decision, reason, hours }),
      );
      return `Report ${id} is decided: mute for ${hours} hours.`;
    case "ban": {
      const newId = idGenerator(uuidv7);
      const of = deviceOnly === true ? "device" : "account";
      const asked = await withPolicy(settings, tenant, ({ deps, party }) =>
        requestBan({ ...deps, newId }, party, { report: id, of, hours, reason }),
      );
      return `Request ${asked.id} with the hash ${toHex(asked.hash)} waits for another person: sealdesk approval approve.`;
    }
    default:
      throw new CommandError("--decision is dismiss, warn, mute or ban.");
  }
}

/** Decides about an appeal. */
export async function decideAppealCommand(
  settings: Settings,
  text: string,
  { tenant, outcome, reason }: AppealOptions,
): Promise<string> {
  const report = reportOf(text);
  if (outcome !== "upheld" && outcome !== "lifted")
    throw new CommandError("--outcome is upheld or lifted.");
  await withPolicy(settings, tenant, ({ deps, party }) =>
    decideAppeal(deps, party, { report, outcome, reason }),
  );
  return `The appeal about report ${report} is decided: ${outcome}.`;
}

/** Prints how many reports there are. */
export async function countReportsCommand(
  settings: Settings,
  { tenant, json }: JsonOptions,
): Promise<string> {
  const counts = await withPolicy(settings, tenant, ({ deps, party }) => countReports(deps, party));
  if (json === true) return JSON.stringify(counts);
  const decided = Object.entries(counts.decided).map(([decision, count]) => `${decision} ${count}`);
  const oldest =
    counts.oldestOpenAtMs === null ? [] : [`oldest open since ${dayOf(counts.oldestOpenAtMs)}`];
  return [`open ${counts.open}`, ...decided, ...oldest].join("  ");
}

const line = (report: StoredReport): string => {
  const { id, decision, reason, submittedAtMs, reporter, reported } = report;
  const { appealedAtMs, appealOutcome } = report;
  return [
    id,
    decision ?? "open",
    ...(appealedAtMs === null ? [] : [appealOutcome ?? "appealed"]),
    reason,
    `since ${dayOf(submittedAtMs)}`,
    `by ${reporter}`,
    `about ${reported}`,
  ].join("  ");
};

const messageLine = ({ seq, author, receivedAtMs, isContext, content }: ShownMessage): string => {
  const { kind, text, attachment } = content ?? { kind: "destroyed", text: null, attachment: null };
  return [
    `#${seq}`,
    new Date(receivedAtMs).toISOString(),
    isContext ? "context" : "reported",
    `from ${author}`,
    kind,
    JSON.stringify(text ?? attachment ?? ""),
  ].join("  ");
};

function hoursOf(text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text) || Number(text) > most)
    throw new CommandError(`--hours takes a number from 1 to ${most}.`);
  return Number(text);
}

function reportOf(text: string): ReportId {
  if (!isId<ReportId>(text))
    throw new CommandError("Give the id of a report, as the list prints it.");
  return text;
}
