import { writeFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { idGenerator, isId, type CaseId, type UserId } from "../../../crypto/wire/ids.ts";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { HOUR_MS, USUAL_WINDOW_MS } from "../../../policies/erasure-window.ts";
import { beginErasure } from "../../../workflows/erasure/begin-erasure.ts";
import { planErasure, type ErasurePlan } from "../../../workflows/erasure/plan-erasure.ts";
import { readCertificate } from "../../../workflows/erasure/read-certificate.ts";
import { showErasure } from "../../../workflows/erasure/show-erasure.ts";
import { withdrawErasure } from "../../../workflows/erasure/withdraw-erasure.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { dayOf, timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";
import { windowOf } from "./window.ts";

export interface PlanOptions {
  readonly tenant: string;
  readonly law: string;
}

export interface RunOptions extends PlanOptions {
  readonly received?: string;
  readonly windowHours?: string;
}

/** Shows what an erasure would destroy and what holds would keep. */
export async function planCommand(
  settings: Settings,
  subject: string,
  { tenant, law }: PlanOptions,
): Promise<string> {
  const asked = { subject: accountOf(subject), law: lawOf(law) };
  const { keystore: apart } = settings;
  if (apart !== undefined) await assertReachable(apart);
  const keystore = apart === undefined ? undefined : createKeystorePool(apart.url, { max: 1 });
  try {
    const plan = await withPolicy(settings, tenant, ({ deps, party }) =>
      planErasure({ ...deps, keystore }, party, asked),
    );
    return planText(plan);
  } finally {
    await keystore?.end();
  }
}

function planText({ scopes, account }: ErasurePlan): string {
  const lines = scopes.map(({ conversation, period, messages, attachments, keys, keeping }) => {
    const what = `conversation ${conversation}, period ${period}: ${messages} messages, ${keys} keys, ${attachments} attachments`;
    return keeping === undefined
      ? `erase     ${what}`
      : `restrict  ${what} (${keeping.citation}; review ${dayOf(keeping.reviewAtMs)})`;
  });
  const { keeping, devices, sessions, auditFields } = account;
  const what = `account: profile, ${devices} devices, ${sessions} sessions, prekeys, look-up indexes, ${auditFields} personal fields of the audit log`;
  const profile =
    keeping === undefined
      ? `erase     ${what}`
      : `restrict  ${what} (${keeping.citation}; review ${dayOf(keeping.reviewAtMs)})`;
  return [...lines, profile].join("\n");
}

/** Begins an erasure, which the server carries out. */
export async function runCommand(
  settings: Settings,
  subject: string,
  { tenant, law, received, windowHours }: RunOptions,
): Promise<string> {
  const asked = {
    id: idGenerator(uuidv7)<CaseId>(),
    subject: accountOf(subject),
    law: lawOf(law),
    receivedAtMs: timeOf(received),
    windowMs: windowOf(windowHours) ?? USUAL_WINDOW_MS,
  };
  const id = await withPolicy(settings, tenant, ({ deps, party }) =>
    beginErasure(deps, party, asked),
  );
  return `Case ${id}. The server fences the account now, and destroys keys in ${asked.windowMs / HOUR_MS} hours.`;
}

/** Writes the certificate of an erasure as its signed file, or as the PDF that carries it. */
export async function certificateCommand(
  settings: Settings,
  id: string,
  { tenant, out }: { readonly tenant: string; readonly out: string },
): Promise<string> {
  const erasure = caseOf(id);
  const file = await withPolicy(settings, tenant, ({ deps, party }) =>
    readCertificate(deps, party, erasure),
  );
  await writeFile(out, out.endsWith(".pdf") ? await pdfOf(file) : file);
  return `Wrote ${out}. Verify it with sealdesk verify certificate ${out} --key KEY.`;
}

/** Only this loads what writes a PDF. */
async function pdfOf(file: Uint8Array): Promise<Uint8Array> {
  const { certificatePdf } =
    await import("../../../workflows/erasure/certificate/certificate-pdf.ts");
  return certificatePdf(file);
}

/** Prints as JSON how far an erasure is, and what became of each item. */
export async function showErasureCommand(
  settings: Settings,
  id: string,
  { tenant }: { readonly tenant: string },
): Promise<string> {
  const erasure = caseOf(id);
  const shown = await withPolicy(settings, tenant, ({ deps, party }) =>
    showErasure(deps, party, erasure),
  );
  const items = shown.items.map(({ kind, item, outcome, records, keys, atMs, ...rest }) => ({
    kind,
    item,
    outcome,
    records,
    keys,
    atMs,
    ...("citation" in rest && { citation: rest.citation, reviewAtMs: rest.reviewAtMs }),
  }));
  return JSON.stringify({ ...shown, items }, undefined, 2);
}

/** Ends an erasure at the wish of the person, before anything is destroyed. */
export async function withdrawErasureCommand(
  settings: Settings,
  id: string,
  { tenant }: { readonly tenant: string },
): Promise<string> {
  const erasure = caseOf(id);
  await withPolicy(settings, tenant, ({ deps, party }) => withdrawErasure(deps, party, erasure));
  return "The erasure is withdrawn. Nothing was destroyed, and the account is as it was.";
}

function caseOf(id: string): CaseId {
  if (!isId<CaseId>(id)) throw new CommandError(`${id} is not the id of a case.`);
  return id;
}

function accountOf(id: string): UserId {
  if (!isId<UserId>(id)) throw new CommandError(`${id} is not the id of an account.`);
  return id;
}

function lawOf(law: string): string {
  if (law.length > 200 || !/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(law))
    throw new CommandError("--law takes one line of at most 200 characters.");
  return law;
}
