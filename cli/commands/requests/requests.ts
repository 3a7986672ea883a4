import { readFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { idGenerator, isId, type CaseId, type UserId } from "../../../crypto/wire/ids.ts";
import { rights, type Right } from "../../../policies/deadlines/periods.ts";
import { requestDecisions, type RequestDecision } from "../../../policies/request-machine.ts";
import { decideOnRequest } from "../../../workflows/requests/decide-on-request.ts";
import { extendRequest } from "../../../workflows/requests/extend-request.ts";
import { openRequest } from "../../../workflows/requests/open-request.ts";
import { renewLink } from "../../../workflows/requests/renew-link.ts";
import { readRequestRules, setRequestRules } from "../../../workflows/requests/request-rules.ts";
import { listRequests, showRequest } from "../../../workflows/requests/show-requests.ts";
import type { StoredRequest } from "../../../workflows/requests/stored-request.ts";
import { withdrawRequest } from "../../../workflows/requests/withdraw-request.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { windowOf } from "../erasure/window.ts";
import { timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

export interface OpenOptions extends Options {
  readonly subject: string;
  readonly right: string;
  readonly residence?: string;
  readonly receivedOn?: string;
}

/** Records the request of a person. */
export async function openRequestCommand(
  settings: Settings,
  { tenant, subject, right, residence, receivedOn }: OpenOptions,
): Promise<string> {
  if (!isId<UserId>(subject)) throw new CommandError("--subject is the id of an account.");
  const known = rightOf(right);
  const receivedAtMs = timeOf(receivedOn);
  const asked = { right: known, subject, channel: "staff", residence, receivedAtMs } as const;
  const { publicUrl } = settings;
  const opened = await withPolicy(settings, tenant, ({ deps, party }) =>
    openRequest({ ...deps, newId: idGenerator(uuidv7), publicUrl }, party, asked),
  );
  const { id, isMerged, dueAtMs, link } = opened;
  const due = `Request ${id}${isMerged ? " (the person had asked for it before)" : ""} is due on ${lastDayOf(dueAtMs)}.`;
  return link === null ? due : `${due}\n${linkText(link)}`;
}

const linkText = (link: string): string =>
  `Give this link to the person, and to nobody else: ${link}`;

/** @throws CommandError */
export function rightOf(word: string): Right {
  const known = rights.find((each): each is Right => each === word);
  if (known === undefined) throw new CommandError(`--right is one of ${rights.join(", ")}.`);
  return known;
}

/** Lists requests. */
export async function listRequestsCommand(
  settings: Settings,
  { tenant, all, json }: Options & { readonly all?: true; readonly json?: true },
): Promise<string> {
  const requests = await withPolicy(settings, tenant, ({ deps, party }) =>
    listRequests(deps, party, { all: all === true }),
  );
  if (json === true) return JSON.stringify(requests);
  return requests.length === 0 ? "No request waits." : requests.map(lineOf).join("\n");
}

/** Prints a request as JSON. */
export async function showRequestCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const request = requestOf(id);
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showRequest(deps, party, request),
  );
  return JSON.stringify(shown, undefined, 2);
}

/** Extends the period of a request. */
export async function extendRequestCommand(
  settings: Settings,
  id: string,
  { tenant, reason }: Options & { readonly reason: string },
): Promise<string> {
  const asked = { id: requestOf(id), reason: lineOfText("--reason", reason, 300) };
  const dueAtMs = await withPolicy(settings, tenant, ({ deps, party }) =>
    extendRequest(deps, party, asked),
  );
  return `The request is due on ${lastDayOf(dueAtMs)}.`;
}

export interface DecideOptions extends Options {
  readonly decision: string;
  readonly ground?: string;
  readonly windowHours?: string;
}

/** Accepts, answers or refuses a request. */
export async function decideRequestCommand(
  settings: Settings,
  id: string,
  { tenant, decision, ground, windowHours }: DecideOptions,
): Promise<string> {
  const known = requestDecisions.find((each): each is RequestDecision => each === decision);
  if (known === undefined)
    throw new CommandError(`--decision is one of ${requestDecisions.join(", ")}.`);
  const line = ground === undefined ? undefined : lineOfText("--ground", ground, 200);
  const windowMs = windowOf(windowHours);
  const asked = { id: requestOf(id), decision: known, ground: line, windowMs };
  await withPolicy(settings, tenant, ({ deps, party }) =>
    decideOnRequest({ ...deps, newId: idGenerator(uuidv7) }, party, asked),
  );
  return `The request is ${known}.`;
}

/** Ends a request at the wish of the person. */
export async function withdrawRequestCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const request = requestOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) => withdrawRequest(deps, party, request));
  return "The request is withdrawn.";
}

/** Makes a new link to the page of a request. */
export async function renewLinkCommand(
  settings: Settings,
  id: string,
  { tenant }: Options,
): Promise<string> {
  const request = requestOf(id);
  const { publicUrl } = settings;
  const link = await withPolicy(settings, tenant, ({ deps, party }) =>
    renewLink({ ...deps, publicUrl }, party, request),
  );
  return `The earlier links are revoked.\n${linkText(link)}`;
}

/** Prints the rules for requests as JSON. */
export async function showRulesCommand(settings: Settings, { tenant }: Options): Promise<string> {
  const rules = await withPolicy(settings, tenant, ({ deps, party }) =>
    readRequestRules(deps, party),
  );
  return JSON.stringify(rules, undefined, 2);
}

/** Sets the rules for requests. */
export async function setRulesCommand(
  settings: Settings,
  file: string,
  { tenant, from }: Options & { readonly from?: string },
): Promise<string> {
  const text = await readFile(file, "utf8").catch(() => {
    throw new CommandError(`The file ${file} cannot be read.`);
  });
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new CommandError(`The file ${file} is not JSON.`);
  }
  const effectiveFromMs = timeOf(from);
  const version = await withPolicy(settings, tenant, ({ deps, party }) =>
    setRequestRules(deps, party, { content, effectiveFromMs }),
  );
  return `Version ${version} of the rules for requests is set.`;
}

const lastDayOf = (dueAtMs: number): string => new Date(dueAtMs - 1).toISOString().slice(0, 10);

const lineOf = (request: StoredRequest): string => {
  const { id, right, state, dueAtMs, citation, receipts, pending } = request;
  const times = receipts > 1 ? ` received ${receipts} times` : "";
  const waits = pending === null ? "" : ` pending: ${pending}`;
  return `${id} ${right} ${state} due ${lastDayOf(dueAtMs)} (${citation})${times}${waits}`;
};

/** @throws CommandError */
export function requestOf(id: string): CaseId {
  if (!isId<CaseId>(id)) throw new CommandError("Give the id of a request, as the list prints it.");
  return id;
}

function lineOfText(option: string, text: string, longest: number): string {
  if (text === "" || text.length > longest || /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text))
    throw new CommandError(`${option} takes one line of at most ${longest} characters.`);
  return text;
}
