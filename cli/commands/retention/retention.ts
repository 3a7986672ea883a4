import { uuidv7 } from "uuidv7";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { idGenerator, isId, type ConversationId } from "../../../crypto/wire/ids.ts";
import type { Labels, RetentionRule } from "../../../policies/retention.ts";
import { classify } from "../../../workflows/retention/classify.ts";
import { lockRecords } from "../../../workflows/retention/lock-records.ts";
import { previewSchedule, type Expired } from "../../../workflows/retention/preview.ts";
import { saveSchedule } from "../../../workflows/retention/save-schedule.ts";
import { showRetention } from "../../../workflows/retention/show-retention.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { labelOf } from "../labels.ts";
import { dayOf, timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

export interface RuleOptions extends Options {
  readonly keep?: readonly string[];
}

interface LabelOptions extends Options {
  readonly dataClass?: string;
  readonly team?: string;
  readonly region?: string;
}

/** Prints the schedule in force, the versions and the locks. */
export async function showRetentionCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const shown = await withPolicy(settings, tenant, ({ deps, party }) => showRetention(deps, party));
  const { rules, locks, versions } = shown;
  if (json === true)
    return JSON.stringify({
      rules,
      locks,
      versions: versions.map(({ hash, ...rest }) => ({ ...rest, hash: toHex(hash) })),
    });
  return [
    ...(rules.length === 0
      ? ["Nothing expires."]
      : rules.map((rule) => `keep    ${ruleText(rule)}`)),
    ...locks.map((lock) => `locked  ${ruleText(lock)}  ${lock.citation}`),
    ...versions.map(
      ({ version, effectiveFromMs, savedBy, rules: { length } }) =>
        `version ${version}  ${effectiveFromMs === null ? "not approved" : `from ${dayOf(effectiveFromMs)}`}  ${length} rules  saved by ${savedBy}`,
    ),
  ].join("\n");
}

/** Prints what a schedule would end. */
export async function previewRetentionCommand(
  settings: Settings,
  { tenant, keep }: RuleOptions,
): Promise<string> {
  const { isShortening, effects } = await withPolicy(settings, tenant, ({ deps, party }) =>
    previewSchedule(deps, party, rulesOf(keep)),
  );
  return [
    ...effects.flatMap(({ atMs, before, after }) => [
      `${dayOf(atMs)}  now    ${expiredText(before)}`,
      `            then   ${expiredText(after)}`,
    ]),
    isShortening
      ? "It ends records earlier, so another person must approve it."
      : "It ends no record earlier.",
  ].join("\n");
}

const expiredText = ({ messages, conversations, attachments, bytes, held }: Expired): string =>
  `${messages} messages (${bytes} bytes) of ${conversations} conversations and ${attachments} attachments expired; holds keep ${held} messages`;

/** Saves a version of the schedule. */
export async function saveRetentionCommand(
  settings: Settings,
  { tenant, keep, begins }: RuleOptions & { readonly begins?: string },
): Promise<string> {
  const reason = settings.operator.person?.reason;
  if (reason === undefined)
    throw new CommandError("Say why with --because: the other person reads it.");
  const asked = { rules: rulesOf(keep), reason, beginsAtMs: timeOf(begins) ?? null };
  const saved = await withPolicy(settings, tenant, ({ deps, party }) =>
    saveSchedule({ ...deps, newId: idGenerator(uuidv7) }, party, asked),
  );
  const { version, effectiveFromMs, approval } = saved;
  if (approval === null || effectiveFromMs !== null)
    return `Version ${version} takes effect on ${dayOf(effectiveFromMs ?? 0)}.`;
  return [
    `Version ${version} ends records earlier. Another person must approve it.`,
    `request ${approval.id}`,
    `hash ${toHex(approval.hash)}`,
  ].join("\n");
}

/** Demands that records are kept. */
export async function lockRetentionCommand(
  settings: Settings,
  {
    tenant,
    days,
    citation,
    ...labels
  }: LabelOptions & {
    readonly days: string;
    readonly citation: string;
  },
): Promise<string> {
  const lock = { ...labelsOf(labels), days: daysOf(days), citation };
  const id = await withPolicy(settings, tenant, ({ deps, party }) =>
    lockRecords({ ...deps, newId: idGenerator(uuidv7) }, party, lock),
  );
  return `Lock ${id}: ${ruleText(lock)}. It can be lengthened only.`;
}

/** Says what the records of a conversation are from now on. */
export async function classifyCommand(
  settings: Settings,
  id: string,
  { tenant, ...labels }: LabelOptions,
): Promise<string> {
  if (!isId<ConversationId>(id)) throw new CommandError("Give the id of a conversation.");
  const { reason } = settings.operator.person ?? {};
  const asked = { conversation: id, reason, ...labelsOf(labels) };
  const approval = await withPolicy(settings, tenant, ({ deps, party }) =>
    classify({ ...deps, newId: idGenerator(uuidv7) }, party, asked),
  );
  if (approval === null) return "What it receives from now on has these labels.";
  return [
    "Records would be kept for a shorter time. Another person must approve it.",
    `request ${approval.id}`,
    `hash ${toHex(approval.hash)}`,
  ].join("\n");
}

/** Parses "7y", "90d", or "broker/sales/eu=6y": class, team and region, each of which may be empty. */
function rulesOf(keep: readonly string[] = []): readonly RetentionRule[] {
  return keep.map((text) => {
    const parts = text.split("=");
    const days = daysOf(parts.at(-1) ?? "");
    if (parts.length === 1) return { days };
    const [dataClass = "", team = "", region = "", ...more] = (parts[0] ?? "").split("/");
    if (parts.length > 2 || more.length > 0)
      throw new CommandError("Write --keep as 7y, or as CLASS/TEAM/REGION=7y.");
    return { ...labelsOf({ dataClass, team, region }), days };
  });
}

/** Parses days, or years of 366 days, so that no year is shortened. @throws CommandError */
function daysOf(text: string): number {
  const [, number, unit] = /^([1-9]\d{0,4})([dy])$/.exec(text) ?? [];
  const days = Number(number) * (unit === "y" ? 366 : 1);
  if (number === undefined || days > 36_500)
    throw new CommandError("Write a time as 90d or 6y, at most 36500 days.");
  return days;
}

const labelsOf = ({ dataClass, team, region }: Labels): Labels => ({
  ...(dataClass !== undefined && dataClass !== "" && { dataClass: labelOf(dataClass) }),
  ...(team !== undefined && team !== "" && { team: labelOf(team) }),
  ...(region !== undefined && region !== "" && { region: labelOf(region) }),
});

const ruleText = ({ dataClass, team, region, days }: RetentionRule): string =>
  [
    `${days} days`,
    ...(dataClass === undefined ? [] : [`class ${dataClass}`]),
    ...(team === undefined ? [] : [`team ${team}`]),
    ...(region === undefined ? [] : [`region ${region}`]),
  ].join("  ");
