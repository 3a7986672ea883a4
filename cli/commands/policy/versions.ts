import { readFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { toHex } from "../../../crypto/wire/bytes.ts";
import { idGenerator, type UserId } from "../../../crypto/wire/ids.ts";
import type { AccountNames } from "../../../identity/audit-log/account-names.ts";
import { approveVersion } from "../../../identity/policy/approve-version.ts";
import { draftVersion, type NewVersion } from "../../../identity/policy/draft-version.ts";
import { previewVersion, type Preview } from "../../../identity/policy/preview-version.ts";
import {
  listVersions,
  showVersion,
  type VersionSummary,
} from "../../../identity/policy/show-versions.ts";
import { withdrawVersion } from "../../../identity/policy/withdraw-version.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { timeOf } from "../moments.ts";
import { namesFor, namesText } from "../audit/who.ts";
import { versionOf, withPolicy } from "./with-policy.ts";

interface Options {
  readonly tenant: string;
}

/** Proposes a version of a tenant's policy. */
export async function draftCommand(
  settings: Settings,
  file: string | undefined,
  { tenant, restore, from }: Options & { readonly restore?: string; readonly from?: string },
): Promise<string> {
  const reason = settings.operator.person?.reason;
  if (reason === undefined)
    throw new CommandError("Say why with --because, for the person who approves.");
  const content = await contentOf(file, restore);
  const proposed = { content, reason, beginsAtMs: timeOf(from) ?? null };
  const newId = idGenerator(uuidv7);
  const draft = await withPolicy(settings, tenant, ({ deps, party }) =>
    draftVersion({ ...deps, newId }, party, proposed),
  );
  return [
    `Version ${draft.version} is a draft. Its hash is ${toHex(draft.hash)}.`,
    `Another person must approve it before ${timeText(draft.expiresAtMs)}.`,
  ].join("\n");
}

async function contentOf(
  file: string | undefined,
  restore: string | undefined,
): Promise<NewVersion["content"]> {
  if ((file === undefined) === (restore === undefined))
    throw new CommandError("Give either a file or --restore.");
  if (restore !== undefined) return { restores: versionOf(restore) };
  const text = await readFile(file ?? "", "utf8").catch((cause: unknown) => {
    throw new CommandError(`The file ${file} cannot be read.`, { cause });
  });
  try {
    return { changes: JSON.parse(text) as unknown };
  } catch (cause) {
    throw new CommandError("The file is not JSON.", { cause });
  }
}

/** Says who gains and who loses what by a version. */
export async function previewCommand(
  settings: Settings,
  version: string,
  { tenant, names, json }: Options & { readonly names?: true; readonly json?: true },
): Promise<string> {
  const preview = await withPolicy(settings, tenant, ({ deps, party }) =>
    previewVersion(deps, party, versionOf(version)),
  );
  if (json === true) return jsonText(preview);
  const ids = preview.staff.map(({ id }) => id);
  const named = names === true ? await namesFor(settings, tenant, ids) : undefined;
  return previewText(preview, named);
}

function previewText(
  { version, hash, before, rights, gain, lose, staff }: Preview,
  named: ReadonlyMap<UserId, AccountNames> | undefined,
): string {
  const head = `Version ${version}, compared with version ${before}, which is in force. Hash ${toHex(hash)}.`;
  if (rights.length === 0) return `${head}\nNothing changes for anybody.`;
  return [
    head,
    `${gain} accounts gain, ${lose} accounts lose.`,
    ...rights.map(
      ({ role, resource, action, effect, accounts }) =>
        `  ${effect}: ${resource} ${action}, ${role}, ${accounts} accounts`,
    ),
    ...staff.map(({ id, role }) => {
      const names = named?.get(id);
      return `${id}  ${role}${names === undefined ? "" : `  ${namesText(names)}`}`;
    }),
  ].join("\n");
}

/** Approves a version as a second person. */
export async function approveCommand(
  settings: Settings,
  version: string,
  { tenant, hash }: Options & { readonly hash: string },
): Promise<string> {
  if (!/^[0-9a-f]{64}$/.test(hash))
    throw new CommandError("Give the hash as preview and show print it: 64 hexadecimal digits.");
  const asked = { version: versionOf(version), hash: Buffer.from(hash, "hex") };
  const fromMs = await withPolicy(settings, tenant, ({ deps, party }) =>
    approveVersion(deps, party, asked),
  );
  return `Version ${version} takes effect at ${timeText(fromMs)} on all nodes.`;
}

/** Takes a version back. */
export async function withdrawCommand(
  settings: Settings,
  version: string,
  { tenant }: Options,
): Promise<string> {
  await withPolicy(settings, tenant, ({ deps, party }) =>
    withdrawVersion(deps, party, versionOf(version)),
  );
  return `Version ${version} is withdrawn.`;
}

/** Lists the versions of a tenant's policy. */
export async function listCommand(
  settings: Settings,
  { tenant, json }: Options & { readonly json?: true },
): Promise<string> {
  const versions = await withPolicy(settings, tenant, ({ deps, party }) =>
    listVersions(deps, party),
  );
  if (json === true) return versions.map(jsonText).join("\n");
  return versions.length === 0
    ? "The default rules decide. There is no version yet."
    : versions.map(lineOf).join("\n");
}

const lineOf = ({ version, state, effectiveFromMs, requester, approver, reason }: VersionSummary) =>
  [
    `${version}  ${state}`,
    ...(effectiveFromMs === null ? [] : [`from ${timeText(effectiveFromMs)}`]),
    `proposed by ${requester}`,
    ...(approver === null ? [] : [`approved by ${approver}`]),
    JSON.stringify(reason),
  ].join("  ");

/** Prints a version. */
export async function showCommand(
  settings: Settings,
  version: string,
  { tenant }: Options,
): Promise<string> {
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showVersion(deps, party, versionOf(version)),
  );
  return jsonText(shown, 2);
}

/** Hashes are printed in hexadecimal digits, as everywhere in the commands. */
const jsonText = (value: { readonly hash: Uint8Array }, indent?: number): string =>
  JSON.stringify({ ...value, hash: toHex(value.hash) }, undefined, indent);

const timeText = (ms: number): string => new Date(ms).toISOString();
