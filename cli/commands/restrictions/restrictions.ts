import { uuidv7 } from "uuidv7";
import {
  idGenerator,
  isId,
  type CaseId,
  type ConversationId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import { MOST_NOTICE_HOURS, noticeMs } from "../../../policies/restriction-notice.ts";
import { announceLifting } from "../../../workflows/restrictions/announce-lifting.ts";
import {
  listRestrictions,
  type Restriction,
} from "../../../workflows/restrictions/list-restrictions.ts";
import { placeRestriction } from "../../../workflows/restrictions/place-restriction.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { dayOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

export interface PlaceOptions extends Options {
  readonly subject: string;
  readonly law: string;
  readonly conversation?: readonly string[];
}

export interface LiftOptions extends Options {
  readonly noticeHours?: string;
}

export interface ListOptions extends Options {
  readonly all?: true;
  readonly json?: true;
}

/** Restricts the processing of a person's conversations. */
export async function placeRestrictionCommand(
  settings: Settings,
  { tenant, law, ...options }: PlaceOptions,
): Promise<string> {
  const subject = accountOf(options.subject);
  const conversations = options.conversation?.map(conversationOf);
  const newId = idGenerator(uuidv7);
  const placed = await withPolicy(settings, tenant, ({ deps, party }) =>
    placeRestriction({ ...deps, newId }, party, { subject, law, conversations }),
  );
  return `Restriction ${placed.id} is in force. It covers ${placed.conversations} conversations. The custodians of legal holds on them can still open them.`;
}

/** Announces the end of a restriction. */
export async function liftRestrictionCommand(
  settings: Settings,
  id: string,
  { tenant, noticeHours }: LiftOptions,
): Promise<string> {
  const asked = { id: restrictionOf(id), noticeMs: noticeMs(hoursOf(noticeHours)) };
  const liftsAtMs = await withPolicy(settings, tenant, ({ deps, party }) =>
    announceLifting(deps, party, asked),
  );
  return `The person is told. The server lifts the restriction at ${new Date(liftsAtMs).toISOString()}.`;
}

/** Lists restrictions. */
export async function listRestrictionsCommand(
  settings: Settings,
  { tenant, all, json }: ListOptions,
): Promise<string> {
  const found = await withPolicy(settings, tenant, ({ deps, party }) =>
    listRestrictions(deps, party, { all: all === true }),
  );
  if (json === true) return JSON.stringify(found);
  return found.length === 0 ? "There is no restriction." : found.map(line).join("\n");
}

const line = ({ id, subject, state, law, conversations, placedAtMs, liftsAtMs }: Restriction) =>
  [
    id,
    state,
    `since ${dayOf(placedAtMs)}`,
    ...(liftsAtMs === null ? [] : [`until ${new Date(liftsAtMs).toISOString()}`]),
    `subject ${subject}`,
    `${conversations.length} conversations`,
    law,
  ].join("  ");

function hoursOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,3}$/.test(text) || Number(text) > MOST_NOTICE_HOURS)
    throw new CommandError(`--notice-hours takes a number from 0 to ${MOST_NOTICE_HOURS}.`);
  return Number(text);
}

function restrictionOf(text: string): CaseId {
  if (!isId<CaseId>(text))
    throw new CommandError("Give the id of a restriction, as the list prints it.");
  return text;
}

function accountOf(text: string): UserId {
  if (!isId<UserId>(text)) throw new CommandError("Give the id of an account.");
  return text;
}

function conversationOf(text: string): ConversationId {
  if (!isId<ConversationId>(text)) throw new CommandError("Give the id of a conversation.");
  return text;
}
