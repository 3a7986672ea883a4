import type { ExportRecord } from "../../../contract/export-record.ts";
import type { Summary } from "../progress.ts";
import { markup, page, section, table, type Html } from "./html.ts";
import { counted, namesIn, roleName, type Times } from "./labels.ts";
import type { PlacedPage } from "./places.ts";

interface IndexContext {
  readonly record: ExportRecord;
  readonly summaries: Readonly<Record<string, Summary>>;
  readonly places: readonly PlacedPage[];
  readonly times: Times;
}

/** Returns the first page of an archive: what is in it, and what else the organisation knows. */
export function indexPage(context: IndexContext): string {
  const { record, summaries, times } = context;
  const all = Object.values(summaries);
  const messages = all.reduce((sum, each) => sum + each.messages, 0);
  const files = all.reduce((sum, each) => sum + each.files, 0);
  const heading = `${record.organisation} holds ${counted(all.length, "conversation")} with you: ${counted(messages, "message")} and ${counted(files, "file")}.`;
  return page(
    `Your copy from ${record.organisation}`,
    markup`<header><p class="kicker">Your copy, written on ${times.day(record.writtenAtMs)}</p><h1>${heading}</h1>
<p class="lead">You asked for it on ${times.day(record.request.receivedAtMs)}. Everything here was opened on your own device. The servers of ${record.organisation} cannot read your messages.</p>
<ul class="contents">${contents.map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`)}</ul></header>
<main>${section("conversations", "Your conversations", conversationsOf(context))}
${section("account", "Your account and devices", accountOf(context))}
${section("readers", "Who could read your conversations", readersOf(context))}
${section("consents", "What you agreed to, and what you were shown", consentsOf(context))}
${section("retention", "How long it is kept", retentionOf(context))}
${section("disclosures", "Who looked at information about you", disclosuresOf(context))}
${section("decisions", "Your requests, and what was decided", decisionsOf(context))}
${section("proof", "How to check this copy", proof)}</main>
<footer>Times are in the zone ${times.zone}. This page works without a connection, loads nothing, and sends nothing.</footer>`,
  );
}

const contents = [
  ["conversations", "Conversations"],
  ["account", "Account"],
  ["readers", "Readers"],
  ["consents", "Consents"],
  ["retention", "Retention"],
  ["disclosures", "Disclosures"],
  ["decisions", "Decisions"],
  ["proof", "Check it"],
] as const;

function conversationsOf({ summaries, places, times }: IndexContext): Html {
  const firsts = places.filter(({ number }) => number === 1);
  if (firsts.length === 0) return markup`<p class="quiet">There are none.</p>`;
  return markup`<ul class="list">${firsts.map(
    ({ page: { conversation }, conversation: number, html: to }) => {
      const {
        messages = 0,
        files = 0,
        firstAtMs = null,
        lastAtMs = null,
      } = summaries[conversation] ?? {};
      const span =
        firstAtMs === null || lastAtMs === null
          ? "nothing is left"
          : times.day(firstAtMs) === times.day(lastAtMs)
            ? times.day(firstAtMs)
            : `${times.day(firstAtMs)} to ${times.day(lastAtMs)}`;
      return markup`<li><a href="${to}"><strong>Conversation ${number}</strong><span>${span} · ${counted(messages, "message")}${files === 0 ? "" : ` · ${counted(files, "file")}`}</span></a></li>`;
    },
  )}</ul>`;
}

function accountOf({ record, times }: IndexContext): Html {
  const { account, devices, sessions } = record;
  return markup`<dl class="facts"><div><dt>Account since</dt><dd>${times.day(account.createdAtMs)}</dd></div><div><dt>Devices</dt><dd>${devices.length}</dd></div>${sessions.length === 0 ? [] : [markup`<div><dt>Sign-ins</dt><dd>${sessions.length}</dd></div>`]}</dl>
<p></p><p>Your name at ${record.organisation} is ${account.displayName ?? "not recorded"}. Your account is known as <code>${account.id}</code>.</p>
${table(
  ["Device", "Since", "Until"],
  devices.map(({ id, registeredAtMs, removedAtMs }) => [
    markup`<code>${id}</code>`,
    times.moment(registeredAtMs),
    removedAtMs === null ? "in use" : times.moment(removedAtMs),
  ]),
  "There are none.",
)}`;
}

function readersOf({ record }: IndexContext): Html {
  const nameOf = namesIn(record);
  return markup`<p>Only members of a conversation can read it. Their names are data about them, so this copy has their roles.</p>
${table(
  ["Who", "Role", "Conversations"],
  record.recipients.map(({ user, role, conversations }) => [
    nameOf(user),
    roleName(role),
    conversations,
  ]),
  "Nobody else is listed.",
)}`;
}

function consentsOf({ record, times }: IndexContext): Html {
  return markup`${table(
    ["Purpose", "What you said", "When", "Notice"],
    record.consents.map(({ purpose, state, receivedAtMs, noticeVersion, noticeLanguage }) => [
      purpose.replaceAll("_", " "),
      state,
      times.moment(receivedAtMs),
      noticeVersion === null ? "" : `version ${noticeVersion}, ${noticeLanguage ?? ""}`,
    ]),
    "You gave no consent.",
  )}
<p></p>${table(
    ["Privacy notice", "Language", "Shown to you"],
    record.notices.map(({ version, language, shownAtMs }) => [
      `Version ${version}`,
      language,
      times.moment(shownAtMs),
    ]),
    "Your devices recorded no notice that you were shown.",
  )}`;
}

function retentionOf({ record }: IndexContext): Html {
  return markup`${table(
    ["Records", "Kept for"],
    record.retention.map(({ dataClass, team, region, days }) => [
      [dataClass, team, region].filter((label) => label !== null).join(", ") || "all",
      days === null ? "no limit" : counted(days, "day"),
    ]),
    "The organisation has set no limit.",
  )}
<p></p>${table(
    ["Law", "Demands at least"],
    record.retentionLocks.map(({ citation, days }) => [citation, counted(days, "day")]),
    "No law is named that demands a longer time.",
  )}`;
}

function disclosuresOf({ record, times }: IndexContext): Html {
  const nameOf = namesIn(record);
  const known = (recipient: string) =>
    recipient === "operator" ? "Operator of the server" : nameOf(recipient);
  return table(
    ["Who", "What they were shown", "Why", "When", "How often"],
    record.disclosures.map(({ recipient, shown, purpose, firstAtMs, lastAtMs, count }) => [
      known(recipient),
      shown,
      purpose ?? "not stated",
      count === 1
        ? times.moment(firstAtMs)
        : `${times.moment(firstAtMs)} to ${times.moment(lastAtMs)}`,
      count,
    ]),
    "Nothing of the last six years is to be listed.",
  );
}

function decisionsOf({ record, times }: IndexContext): Html {
  return table(
    ["You asked for", "On", "Now", "Reason"],
    record.decisions.map(({ right, receivedAtMs, state, refusalGround, extensionReason }) => [
      right.replaceAll("_", " "),
      times.day(receivedAtMs),
      state,
      refusalGround ?? extensionReason ?? "",
    ]),
    "You made no other request.",
  );
}

const proof = markup`<p>The organisation has signed <code>manifest.json</code>. It names how many messages there are, and a hash over all of them. If somebody changes, adds or leaves out a message, the hash does not fit any more.</p>
<p>The program <code>sealdesk export verify</code> checks it. The files in <code>data</code> hold the same as these pages, for other programs. The files in <code>schema</code> describe them.</p>
<p>Full card numbers and social security numbers are masked on purpose.</p>`;
