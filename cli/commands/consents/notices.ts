import { readFile } from "node:fs/promises";
import { basename, extname } from "node:path";
import { uuidv7 } from "uuidv7";
import { toBase64Url, toHex } from "../../../crypto/wire/bytes.ts";
import { idGenerator } from "../../../crypto/wire/ids.ts";
import { draftNotice } from "../../../messaging/notices/draft-notice.ts";
import type { NoticeRow } from "../../../messaging/notices/notice-row.ts";
import { listNotices, readNotice } from "../../../messaging/notices/read-notice.ts";
import { listViews, type NoticeViewRow } from "../../../messaging/notices/record-view.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { versionOf, withPolicy } from "../policy/with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Proposes a version of the privacy notice: a Markdown file for each language, named like the language. */
export async function draftNoticeCommand(
  settings: Settings,
  files: readonly string[],
  { tenant, controller, from }: Options & { readonly controller: string; readonly from?: string },
): Promise<string> {
  const reason = settings.operator.person?.reason;
  if (reason === undefined)
    throw new CommandError("Say why with --because, for the person who approves.");
  const texts = await Promise.all(files.map(textOf));
  const proposed = { controller, texts, reason, beginsAtMs: timeOf(from) ?? null };
  const newId = idGenerator(uuidv7);
  const draft = await withPolicy(settings, tenant, ({ deps, party }) =>
    draftNotice({ ...deps, newId }, party, proposed),
  );
  return [
    `Version ${draft.version} of the notice is a draft.`,
    `Another person must approve it before ${timeText(draft.expiresAtMs)}:`,
    `sealdesk approval approve ${draft.approval} --tenant ${tenant} --hash ${toHex(draft.hash)}`,
  ].join("\n");
}

async function textOf(file: string) {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw new CommandError(`The file ${file} cannot be read.`, { cause });
  });
  return { language: basename(file, extname(file)), text };
}

/** Lists the versions of the notice, with drafts. */
export async function listNoticesCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const rows = await withPolicy(settings, tenant, ({ deps, party }) => listNotices(deps, party));
  if (json === true)
    return rows.map((row) => JSON.stringify({ ...row, hash: toHex(row.hash) })).join("\n");
  return rows.length === 0 ? "There is no notice yet." : rows.map(lineOf).join("\n");
}

const lineOf = ({ version, state, languages, effectiveFromMs, requester, reason }: NoticeRow) =>
  [
    `${version}  ${state}`,
    languages.join(" "),
    ...(effectiveFromMs === null ? [] : [`from ${timeText(effectiveFromMs)}`]),
    `proposed by ${requester}`,
    JSON.stringify(reason),
  ].join("  ");

/** Prints the texts of a version, also of a draft, so that whoever approves it can read it. */
export async function showNoticeCommand(
  settings: Settings,
  version: string,
  { tenant }: Options,
): Promise<string> {
  const asked = versionOf(version);
  const { controller, texts } = await withPolicy(settings, tenant, ({ deps, party }) =>
    readNotice(deps, party, asked),
  );
  return [
    `Version ${asked}, of ${controller}`,
    ...texts.map(({ language, text }) => `\n[${language}]\n${text}`),
  ].join("\n");
}

/** Lists who was shown a version of the notice, as JSON lines with what the devices signed. */
export async function listViewsCommand(
  settings: Settings,
  version: string,
  { tenant }: Options,
): Promise<string> {
  const asked = versionOf(version);
  return withPolicy(settings, tenant, async ({ deps, party }) => {
    const lines: string[] = [];
    let page = await listViews(deps, party, { version: asked });
    while (page.length > 0) {
      lines.push(...page.map(viewLine));
      page = await listViews(deps, party, { version: asked, after: page.at(-1) });
    }
    return lines.length === 0 ? `Nobody was shown version ${asked} yet.` : lines.join("\n");
  });
}

const viewLine = ({ text, signature, ...view }: NoticeViewRow): string =>
  JSON.stringify({ ...view, record: toBase64Url(text), signature: toBase64Url(signature) });

const timeText = (ms: number): string => new Date(ms).toISOString();
