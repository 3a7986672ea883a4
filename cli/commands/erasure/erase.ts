import { writeFile } from "node:fs/promises";
import { uuidv7 } from "uuidv7";
import { idGenerator, isId, type CaseId, type UserId } from "../../../crypto/wire/ids.ts";
import { assertReachable } from "../../../db/assert-reachable.ts";
import { createKeystorePool } from "../../../db/pool.ts";
import { beginErasure, USUAL_WINDOW_MS } from "../../../workflows/erasure/begin-erasure.ts";
import { planErasure, type ErasurePlan } from "../../../workflows/erasure/plan-erasure.ts";
import { readCertificate } from "../../../workflows/erasure/read-certificate.ts";
import { CommandError, type Settings } from "../../settings.ts";
import { dayOf, timeOf } from "../moments.ts";
import { withPolicy } from "../policy/with-policy.ts";

export interface PlanOptions {
  readonly tenant: string;
  readonly law: string;
}

export interface RunOptions extends PlanOptions {
  readonly received?: string;
  readonly windowHours?: string;
}

const HOUR_MS = 3_600_000;
const MOST_WINDOW_HOURS = 720;

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
  const lines = scopes.map(({ conversation, period, messages, keys, keeping }) => {
    const what = `conversation ${conversation}, period ${period}: ${messages} messages, ${keys} keys`;
    return keeping === undefined
      ? `erase     ${what}`
      : `restrict  ${what} (${keeping.citation}; review ${dayOf(keeping.reviewAtMs)})`;
  });
  const profile =
    account === undefined
      ? "erase     account: look-up indexes, sessions, prekeys, personal fields of the audit log"
      : `restrict  account (${account.citation}; review ${dayOf(account.reviewAtMs)})`;
  return [...lines, profile].join("\n");
}

/** Begins an erasure, which the server carries out. */
export async function runCommand(
  settings: Settings,
  subject: string,
  { tenant, law, received, windowHours }: RunOptions,
): Promise<string> {
  const asked = {
    subject: accountOf(subject),
    law: lawOf(law),
    receivedAtMs: timeOf(received),
    windowMs: windowOf(windowHours),
  };
  const newId = idGenerator(uuidv7);
  const id = await withPolicy(settings, tenant, ({ deps, party }) =>
    beginErasure({ ...deps, newId }, party, asked),
  );
  return `Case ${id}. The server fences the account now, and destroys keys in ${asked.windowMs / HOUR_MS} hours.`;
}

/** Writes the certificate of an erasure as its signed file, or as the PDF that carries it. */
export async function certificateCommand(
  settings: Settings,
  id: string,
  { tenant, out }: { readonly tenant: string; readonly out: string },
): Promise<string> {
  if (!isId<CaseId>(id)) throw new CommandError(`${id} is not the id of a case.`);
  const file = await withPolicy(settings, tenant, ({ deps, party }) =>
    readCertificate(deps, party, id),
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

function accountOf(id: string): UserId {
  if (!isId<UserId>(id)) throw new CommandError(`${id} is not the id of an account.`);
  return id;
}

function lawOf(law: string): string {
  if (law.length > 200 || !/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+$/u.test(law))
    throw new CommandError("--law takes one line of at most 200 characters.");
  return law;
}

function windowOf(hours: string | undefined): number {
  if (hours === undefined) return USUAL_WINDOW_MS;
  if (!/^\d{1,3}$/.test(hours) || Number(hours) > MOST_WINDOW_HOURS)
    throw new CommandError(`--window-hours takes a number from 0 to ${MOST_WINDOW_HOURS}.`);
  return Number(hours) * HOUR_MS;
}
