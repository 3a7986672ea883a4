import { uuidv7 } from "uuidv7";
import { toHex } from "../../../crypto/wire/bytes.ts";
import {
  idGenerator,
  isId,
  type ConversationId,
  type HoldId,
  type UserId,
} from "../../../crypto/wire/ids.ts";
import type { Uuid } from "../../../crypto/wire/uuid.ts";
import type { Hold, HoldItem } from "../../../workflows/holds/hold-row.ts";
import { placeHold } from "../../../workflows/holds/place-hold.ts";
import {
  answerMatch,
  listPotentialMatches,
  type MatchAnswer,
} from "../../../workflows/holds/potential-matches.ts";
import { requestRelease } from "../../../workflows/holds/release-hold.ts";
import {
  listHolds,
  reviewHold,
  showHold,
  type HoldPage,
} from "../../../workflows/holds/review-hold.ts";
import { attendErasure, listWaitingErasures } from "../../../workflows/holds/waiting-erasures.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { withPolicy } from "../policy/with-policy.ts";
import { labelOf } from "../labels.ts";
import { dayOf, timeOf } from "../moments.ts";

interface Options {
  readonly tenant: string;
}

export interface PlaceOptions extends Options {
  readonly matter: string;
  readonly citation: string;
  readonly custodian: string;
  readonly reviewOn: string;
  readonly subject?: readonly string[];
  readonly conversation?: readonly string[];
  readonly team?: readonly string[];
  readonly from?: string;
  readonly until?: string;
}

/** Places a hold. */
export async function placeHoldCommand(settings: Settings, options: PlaceOptions): Promise<string> {
  const { tenant, matter, citation } = options;
  const asked = {
    matter,
    citation,
    custodian: accountOf(options.custodian),
    reviewAtMs: timeOf(options.reviewOn),
    items: itemsOf(options),
  };
  const newId = idGenerator(uuidv7);
  const placed = await withPolicy(settings, tenant, ({ deps, party }) =>
    placeHold({ ...deps, newId }, party, asked),
  );
  return [
    `Hold ${placed.id} is in force. It covers ${placed.conversations} conversations that exist now.`,
    `commitment ${toHex(placed.commitment)}`,
  ].join("\n");
}

/** Each subject and each conversation is held within the range of time, or else the range alone. */
function itemsOf({ subject, conversation, team, from, until }: PlaceOptions): readonly HoldItem[] {
  const range = {
    fromMs: timeOf(from),
    untilMs: timeOf(until),
  };
  const items = [
    ...(subject ?? []).map((id) => ({ subject: accountOf(id), ...range })),
    ...(conversation ?? []).map((id) => ({
      conversation: conversationOf(id),
      ...range,
    })),
    ...(team ?? []).map((each) => ({ team: labelOf(each), ...range })),
  ];
  if (items.length > 0) return items;
  if (from === undefined && until === undefined)
    throw new CommandError("Name --subject, --conversation, --team, --from or --until.");
  return [range];
}

/** Lists the holds. */
export async function listHoldsCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const all = await withPolicy(settings, tenant, async ({ deps, party }) => {
    const found: Hold[] = [];
    let page: HoldPage | undefined;
    do {
      page = await listHolds(deps, party, page?.next ?? undefined);
      found.push(...page.holds);
    } while (page.next !== null);
    return found;
  });
  if (json === true) return JSON.stringify(all.map(printed));
  return all.length === 0 ? "There is no hold." : all.map(line).join("\n");
}

const line = (hold: Hold): string =>
  [
    hold.id,
    hold.releasedAtMs === null ? "in force" : `released ${dayOf(hold.releasedAtMs)}`,
    `review ${dayOf(hold.reviewAtMs)}`,
    `custodian ${hold.custodian}`,
    `${hold.items.length} items`,
    hold.citation,
    JSON.stringify(hold.matter),
  ].join("  ");

const printed = ({ commitment, salt, ...rest }: Hold) => ({
  ...rest,
  commitment: toHex(commitment),
  salt: toHex(salt),
});

/** Prints a hold as JSON, with the matter and the salt that prove its commitment. */
export async function showHoldCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const hold = holdOf(id);
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showHold(deps, party, hold),
  );
  return JSON.stringify(printed(shown), undefined, 2);
}

/** Records a review and the date of the next one. */
export async function reviewHoldCommand(
  settings: Settings,
  id: string,
  { tenant, reviewOn }: Options & { readonly reviewOn: string },
): Promise<string> {
  const asked = { id: holdOf(id), reviewAtMs: timeOf(reviewOn) };
  await withPolicy(settings, tenant, ({ deps, party }) => reviewHold(deps, party, asked));
  return `The next review is on ${dayOf(asked.reviewAtMs)}.`;
}

/** Asks that a hold ends. */
export async function releaseHoldCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const hold = holdOf(id);
  const reason = settings.operator.person?.reason;
  if (reason === undefined)
    throw new CommandError("Say why with --because: the other person reads it.");
  const newId = idGenerator(uuidv7);
  const request = await withPolicy(settings, tenant, ({ deps, party }) =>
    requestRelease({ ...deps, newId }, party, { hold, reason }),
  );
  return [
    "Another person must approve it. The hold stays in force until then.",
    `request ${request.id}`,
    `hash ${toHex(request.hash)}`,
  ].join("\n");
}

/** Lists the erasures that wait for an officer since their holds were released. */
export async function listReopenedCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const all = await withPolicy(settings, tenant, ({ deps, party }) =>
    listWaitingErasures(deps, party),
  );
  if (json === true) return JSON.stringify(all);
  if (all.length === 0) return "No erasure waits for an officer.";
  return all
    .map(({ erasure, subject, hold, items, dueAtMs, isEscalated }) =>
      [
        erasure,
        `subject ${subject}`,
        `hold ${hold}`,
        `${items} items`,
        `${isEscalated ? "overdue since" : "due"} ${dayOf(dueAtMs)}`,
      ].join("  "),
    )
    .join("\n");
}

/** Records that an officer sees to a re-opened erasure. */
export async function attendErasureCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const erasure = erasureOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) => attendErasure(deps, party, erasure));
  return "You see to the erasure. To erase what the hold kept, run `sealdesk erase run` for the person again.";
}

/** Lists the questions to custodians that wait for an answer. */
export async function listMatchesCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const all = await withPolicy(settings, tenant, ({ deps, party }) =>
    listPotentialMatches(deps, party),
  );
  if (json === true) return JSON.stringify(all);
  if (all.length === 0) return "No question waits for an answer.";
  return all
    .map(({ id, hold, custodian, former, account, askedAtMs }) =>
      [
        id,
        `asked ${dayOf(askedAtMs)}`,
        `hold ${hold}`,
        `custodian ${custodian}`,
        `erased ${former}`,
        `new ${account}`,
      ].join("  "),
    )
    .join("\n");
}

/** Answers such a question for the custodian. */
export async function answerMatchCommand(
  settings: Settings,
  id: string,
  { tenant, answer }: Options & { readonly answer: string },
): Promise<string> {
  const asked = { id: matchOf(id), answer: answerOf(answer) };
  await withPolicy(settings, tenant, ({ deps, party }) => answerMatch(deps, party, asked));
  return asked.answer === "linked"
    ? "The hold covers the new account from now on."
    : "The new account stays a stranger's.";
}

function answerOf(text: string): MatchAnswer {
  if (text !== "linked" && text !== "not_linked")
    throw new CommandError("--answer takes linked or not_linked.");
  return text;
}

function matchOf(text: string): Uuid {
  if (!isId<Uuid>(text)) throw new CommandError("Give the id of a question, as matches prints it.");
  return text;
}

function holdOf(text: string): HoldId {
  if (!isId<HoldId>(text)) throw new CommandError("Give the id of a hold, as the list prints it.");
  return text;
}

function erasureOf(text: string): Uuid {
  if (!isId<Uuid>(text))
    throw new CommandError("Give the id of an erasure, as reopened prints it.");
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
