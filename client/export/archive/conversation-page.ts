import type { ExportEvent, ExportPageFile } from "../../../contract/export-files.ts";
import { markup, nothing, page, section, type Html } from "./html.ts";
import { counted, roleName, sizeOf, type Times } from "./labels.ts";
import type { PlacedPage } from "./places.ts";

export interface ConversationContext {
  readonly nameOf: (user: string | null) => string;
  readonly self: string;
  readonly times: Times;
}

/** Returns the page that shows a run of events of a conversation. */
export function conversationPage(
  place: PlacedPage,
  { events }: ExportPageFile,
  context: ConversationContext,
): string {
  const { conversation, number, of } = place;
  const { times } = context;
  const [first, last] = [events[0], events.at(-1)];
  const span =
    first === undefined || last === undefined
      ? "Nothing of this part is left."
      : `${times.moment(first.receivedAtMs)} to ${times.moment(last.receivedAtMs)}`;
  const title = `Conversation ${conversation}`;
  const part = of === 1 ? "" : `, part ${number} of ${of}`;
  return page(
    `${title}${part}`,
    markup`<header><p class="kicker"><a href="../../index.html">Your copy</a></p><h1>${title}${part}</h1><p class="lead">${span}</p></header>
<main>${turn(place)}${section("log", counted(events.length, "entry", "entries"), markup`<ol class="log">${logOf(events, context)}</ol>`)}${turn(place)}</main>
<footer>Times are in the zone ${times.zone}. Hold the pointer over a time to see it in UTC.</footer>`,
  );
}

function turn({ number, of }: PlacedPage): Html {
  if (of === 1) return nothing;
  const link = (to: number, text: string) =>
    to < 1 || to > of
      ? markup`<span></span>`
      : markup`<a href="${String(to).padStart(4, "0")}.html">${text}</a>`;
  return markup`<nav class="turn" aria-label="Parts of the conversation">${link(number - 1, "Earlier")}${link(number + 1, "Later")}</nav>`;
}

function logOf(events: readonly ExportEvent[], context: ConversationContext): readonly Html[] {
  let day = "";
  return events.flatMap((event) => {
    const today = context.times.day(event.receivedAtMs);
    const heading = today === day ? [] : [markup`<li class="day">${today}</li>`];
    day = today;
    return [...heading, eventOf(event, context)];
  });
}

function eventOf(event: ExportEvent, context: ConversationContext): Html {
  const { content, by } = event;
  const { nameOf, self, times } = context;
  if (content.kind === "change") return markup`<li class="event">${changeOf(event, context)}</li>`;
  if (content.kind === "deletion")
    return content.isRefused === true
      ? markup`<li class="event">${nameOf(by)} tried to delete <a href="#m${content.seq}">an earlier message</a>. Apps refuse that.</li>`
      : markup`<li class="event">${nameOf(by)} deleted <a href="#m${content.seq}">an earlier message</a>.</li>`;
  if (content.kind === "device_restored")
    return markup`<li class="event">A device of ${nameOf(by)} was restored from an older copy.</li>`;
  const side = by === self ? "message mine" : "message";
  const isClosed = content.kind === "not_opened" || content.kind === "not_included";
  return markup`<li class="${isClosed ? `${side} closed` : side}" id="m${event.seq}"><p>${nameOf(by)}, <time datetime="${times.utc(event.receivedAtMs)}" title="${times.utc(event.receivedAtMs)}">${times.clock(event.receivedAtMs)}</time></p>${saidIn(event)}</li>`;
}

function saidIn({ content }: ExportEvent): Html {
  switch (content.kind) {
    case "text":
      return markup`<div class="bubble" dir="auto">${content.text}</div>${
        content.about === null ? nothing : revisionNote(content.about)
      }${
        content.masked.length === 0
          ? nothing
          : markup`<p class="note">A number in this message is not shown whole, to protect you.</p>`
      }`;
    case "attachment":
      return content.path === null
        ? markup`<div class="bubble" dir="auto">${content.name}</div><p class="note">The file could not be had: ${content.missing ?? "unknown"}.</p>`
        : markup`<div class="bubble" dir="auto"><a href="../../${encodeURI(content.path).replaceAll("#", "%23").replaceAll("?", "%3F")}" download>${content.name}</a></div><p class="note">${sizeOf(content.bytes)}, ${content.type}</p>`;
    case "not_opened":
      return markup`<div class="bubble">This message cannot be opened on this device.</div><p class="note">The reason is <code>${content.reason}</code>. Another device of yours may have it.</p>`;
    case "not_included":
      return markup`<div class="bubble">A message by somebody else. A copy for portability has only what you provided.</div>`;
    default:
      return nothing;
  }
}

function revisionNote({
  as,
  seq,
  isRefused,
}: {
  readonly as: string;
  readonly seq: number;
  readonly isRefused?: boolean | undefined;
}): Html {
  const link = markup`<a href="#m${seq}">an earlier message</a>`;
  const verb = as === "edit" ? "edit" : "correct";
  if (isRefused === true)
    return markup`<p class="note">Was meant to ${verb} ${link}. Apps refuse that.</p>`;
  return markup`<p class="note">${as === "edit" ? "Edits" : "Corrects"} ${link}</p>`;
}

const verbs: Readonly<Record<string, string>> = {
  created: "began the conversation",
  member_added: "added",
  member_removed: "removed",
  closed: "closed the conversation",
  history_granted: "shared earlier messages with",
  consent_changed: "gave or withdrew a consent",
};

function changeOf({ kind, by, content }: ExportEvent, { nameOf }: ConversationContext): string {
  if (content.kind !== "change") return "";
  const subject = nameOf(content.subject);
  if (kind === "device_added") return `${subject} used a further device.`;
  if (kind === "device_removed") return `${subject} used a device no longer.`;
  const verb = verbs[kind] ?? kind;
  const isAbout =
    kind === "member_added" || kind === "member_removed" || kind === "history_granted";
  const role = content.members.find(({ user }) => user === content.subject)?.role;
  const known = role !== undefined && subject === "Somebody" ? roleName(role) : subject;
  if (isAbout && by === content.subject)
    return kind === "member_removed" ? `${subject} left.` : `${known} joined.`;
  return isAbout ? `${nameOf(by)} ${verb} ${known}.` : `${nameOf(by)} ${verb}.`;
}
