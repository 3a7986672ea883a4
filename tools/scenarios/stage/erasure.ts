import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { verifyCertificate } from "../../../client/index.ts";
import type { CaseId, UserId } from "../../../crypto/wire/ids.ts";
import { until } from "./until.ts";
import type { Stage } from "./stage.ts";

/** The signed content of a certificate. */
export type Certificate = Awaited<ReturnType<typeof verifyCertificate>>;

/** A certificate, and what a stranger finds who has only its file and the key of the audit log. */
export interface Certified {
  readonly certificate: Certificate;
  readonly file: Uint8Array;
  /** True if the command verifies it, and refuses it with any of some bytes changed. */
  readonly isVerified: boolean;
}

/**
 * Begins the erasure of a person.
 * @param windowHours how long it can be contested
 * @returns the id of the case
 */
export async function beginErasure(stage: Stage, user: UserId, windowHours = 0): Promise<CaseId> {
  const options = ["--tenant", "demo", "--window-hours", String(windowHours)];
  const begun = await stage.sealdesk("erase", "run", user, ...options);
  const id = /^Case ([0-9a-f-]{36})/.exec(begun)?.[1];
  if (id === undefined) throw new Error(`No case was begun: ${begun}`);
  stage.tell("The erasure has begun.");
  return id as CaseId;
}

/** The state of a case, and why it does not go on. */
export interface CaseState {
  readonly state: string;
  readonly pending: string | null;
  readonly step: number;
}

export async function stateOf({ system }: Stage, id: CaseId): Promise<CaseState> {
  const { rows } = await system.administrator.query<CaseState>(
    "select state, pending, step from sealdesk.cases where id = $1",
    [id],
  );
  if (rows[0] === undefined) throw new Error("There is no such case.");
  return rows[0];
}

/** Waits until a case is in a state, or waits for a reason. @throws Error that says where it is instead */
export async function reached(stage: Stage, id: CaseId, wanted: string): Promise<void> {
  const is = ({ state, pending }: CaseState) => state === wanted || pending === wanted;
  const look = async () => (is(await stateOf(stage, id)) ? true : undefined);
  await until(`The case reaching ${wanted}`, look).catch(async (cause: unknown) => {
    const { state, pending } = await stateOf(stage, id);
    throw new Error(`The case stays ${state}, pending ${pending ?? "nothing"}.`, { cause });
  });
}

/** Returns how many certificates of people there are. */
export async function countCertificates(
  { system }: Stage,
  users: readonly UserId[],
): Promise<number> {
  const { rows } = await system.administrator.query<{ count: number }>(
    "select count(certificate)::int as count from sealdesk.erasures where subject = any($1)",
    [users],
  );
  return rows[0]?.count ?? 0;
}

/** Waits for the certificate, and verifies it without the server. */
export async function certified(stage: Stage, id: CaseId): Promise<Certified> {
  await reached(stage, id, "certified");
  const out = join(stage.system.home, `certificate-${id}.json`);
  await stage.sealdesk("erase", "certificate", id, "--tenant", "demo", "--out", out);
  const key = await stage.auditKey();
  const { code } = await stage.attempt("verify", "certificate", out, "--key", key);
  const file = await readFile(out);
  const certificate = await verifyCertificate(file, { keys: [key] });
  const isVerified = code === 0 && (await refusesChanges(stage, file, key));
  stage.tell(
    `The certificate names ${itemsOf(certificate.erased)} erased and ${itemsOf(certificate.restricted)} kept.`,
  );
  return { certificate, file, isVerified };
}

/** Returns how many conversations items are about. */
const itemsOf = (items: Certificate["erased"] | Certificate["restricted"]): string => {
  const count = conversationsOf(items).length;
  return count === 1 ? "1 conversation" : `${count} conversations`;
};

/** Returns the conversations whose messages items are about. */
export const conversationsOf = (
  items: Certificate["erased"] | Certificate["restricted"],
): readonly string[] => [
  ...new Set(items.filter(({ kind }) => kind === "messages").map(({ id }) => id)),
];

const changes = 16;

async function refusesChanges({ random }: Stage, file: Uint8Array, key: string): Promise<boolean> {
  for (let count = 0; count < changes; count++) {
    const changed = Uint8Array.from(file);
    const place = random.below(changed.length);
    changed[place] = (changed[place] ?? 0) ^ (1 << random.below(7));
    const accepted = await verifyCertificate(changed, { keys: [key] }).then(
      () => true,
      () => false,
    );
    if (accepted) return false;
  }
  return true;
}
