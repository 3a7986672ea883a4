import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Scenario } from "../scenario.ts";
import { openStored } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified, reached } from "../stage/erasure.ts";
import { refusalOf, type Device } from "../stage/device.ts";
import type { Stage } from "../stage/stage.ts";
import { until } from "../stage/until.ts";
import type { CaseId } from "../../../crypto/wire/ids.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Somebody steals the database with the keystore and the key service, after a customer was erased. */
export const breach: Scenario = {
  id: "S11",
  title:
    "The database, the keystore and the key service are stolen. The verdict says what that exposes for whom, and the breach is contained.",
  demands: {
    opened: { atLeast: 1 },
    openedOfErased: 0,
    customerExposed: true,
    erasedIsMetadataOnly: true,
    noticeDue: true,
    noticeDueForMetadataAlone: true,
    gdprHoursFromAwareness: 72,
    hipaaDaysFromDiscovery: 60,
    glbaWithFewPeople: false,
    closedTooEarly: false,
    keysRotated: true,
    sessionsRevoked: { atLeast: 2 },
    signedInAgain: true,
    exposedAccounts: { atLeast: 3 },
    evidenceVerified: true,
    closed: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const [customer, leaving] = [await stage.customer(), await stage.customer()];
    const agent = await stage.staff("the agent");
    const [stays, goes] = [await stage.talk(customer, agent), await stage.talk(leaving, agent)];
    const head = await keepHead(stage);
    await certified(stage, await beginErasure(stage, leaving.user));
    // The thief has what the server has.
    const opened = await openStored(stage.system, [stays.id]);
    const openedOfErased = await openStored(stage.system, [goes.id]);
    stage.tell(
      `A thief with all of it opens ${opened} records, and ${openedOfErased} of the erased person.`,
    );
    const { id, verdict } = await openBreach(stage, ["database", "keystore", "kms"]);
    const metadata = await openBreach(stage, ["metadata"]);
    const shown = await show(stage, id);
    const gdpr = shown.clocks.find(({ duty }) => duty === "gdpr.authority");
    const hipaa = shown.clocks.find(({ duty }) => duty === "hipaa.individuals");
    const closedTooEarly = (await close(stage, id)) === 0;
    const contained = await contain(stage, id, [customer, agent]);
    const evidence = await takeEvidence(stage, id);
    await answerNotices(stage, id);
    return {
      opened,
      openedOfErased,
      customerExposed: evidence.of(customer.user) === "profile ciphertext metadata",
      erasedIsMetadataOnly: evidence.of(leaving.user) === "metadata",
      noticeDue: verdict.isNoticeDue,
      noticeDueForMetadataAlone: metadata.verdict.isNoticeDue,
      gdprHoursFromAwareness: hoursBetween(shown.awareAtMs, gdpr?.dueAtMs),
      hipaaDaysFromDiscovery: daysBetween(shown.discoveredAtMs, hipaa?.dueAtMs),
      glbaWithFewPeople: shown.clocks.some(
        ({ duty, state }) => duty === "glba.commission" && state !== "not_due",
      ),
      closedTooEarly,
      ...contained,
      exposedAccounts: evidence.accounts,
      evidenceVerified: evidence.isVerified,
      closed: (await close(stage, id)) === 0,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

interface Shown {
  readonly state: string;
  readonly discoveredAtMs: number;
  readonly awareAtMs: number;
  readonly sessionsRevoked: number;
  readonly verdict: { readonly isNoticeDue: boolean } | null;
  readonly clocks: readonly {
    readonly duty: string;
    readonly state: string;
    readonly dueAtMs: number | null;
  }[];
  readonly runbook: readonly { readonly step: string; readonly doneAtMs: number | null }[];
}

const show = async (stage: Stage, id: CaseId): Promise<Shown> =>
  JSON.parse(await stage.sealdesk("breach", "show", id, "--tenant", "demo", "--json")) as Shown;

async function openBreach(stage: Stage, taken: readonly string[]) {
  const nowMs = Date.now();
  const moment = (agoMs: number) => new Date(nowMs - agoMs).toISOString();
  const about = ["--description", "A backup server was found open"];
  const when = ["--discovered", moment(HOUR_MS), "--aware", moment(HOUR_MS / 2)];
  const laws = ["gdpr", "hipaa", "glba"].flatMap((law) => ["--regime", law]);
  const what = taken.flatMap((each) => ["--taken", `${each}=${moment(0)}`]);
  const options = [...about, ...when, ...laws, ...what];
  const said = await stage.sealdesk("breach", "open", "--tenant", "demo", ...options);
  const id = /^Breach ([0-9a-f-]{36})/.exec(said)?.[1] as CaseId | undefined;
  if (id === undefined) throw new Error(`No breach was opened: ${said}`);
  await reached(stage, id, "open");
  const { verdict } = await show(stage, id);
  if (verdict === null) throw new Error("The breach was not assessed.");
  stage.tell(
    `A breach is open: ${taken.join(", ")}. A notice is ${verdict.isNoticeDue ? "" : "not "}due.`,
  );
  return { id, verdict };
}

/** Rotates the keys and revokes the sessions. @returns whether devices that were signed in can sign in again */
async function contain(stage: Stage, id: CaseId, devices: readonly Device[]) {
  const step = (name: string) => stage.sealdesk("breach", "step", id, name, "--tenant", "demo");
  const done = (name: string) =>
    until(`The step ${name}`, async () => {
      const { state, runbook } = await show(stage, id);
      const found = runbook.find((each) => each.step === name);
      return state === "open" && typeof found?.doneAtMs === "number" ? true : undefined;
    });
  await step("rotate_keys");
  const keysRotated = await done("rotate_keys");
  await step("revoke_sessions");
  await done("revoke_sessions");
  const { sessionsRevoked } = await show(stage, id);
  const refusals: (string | undefined)[] = [];
  for (const device of devices) {
    await device.switchOff();
    refusals.push(await refusalOf(device.switchOn()));
  }
  stage.tell(`The keys are rotated, and ${sessionsRevoked} sessions are revoked.`);
  return {
    keysRotated,
    sessionsRevoked,
    signedInAgain: refusals.every((each) => each === undefined),
  };
}

/** Writes the evidence, and verifies its audit log as a stranger does. */
async function takeEvidence(stage: Stage, id: CaseId) {
  const out = join(stage.system.home, `evidence-${id}`);
  await stage.sealdesk("breach", "evidence", id, "--tenant", "demo", "--out", out);
  const key = await stage.auditKey();
  const { code } = await stage.attempt("audit", "verify", join(out, "audit-log"), "--vkey", key);
  const lines = (await readFile(join(out, "subjects.csv"), "utf8")).trim().split("\n").slice(1);
  const exposed = new Map(lines.map((line) => line.split(",") as [string, string]));
  return {
    accounts: exposed.size,
    of: (user: string) => exposed.get(user),
    isVerified: code === 0,
  };
}

async function answerNotices(stage: Stage, id: CaseId): Promise<void> {
  for (const { duty, state } of (await show(stage, id)).clocks) {
    if (state !== "running" && state !== "no_delay") continue;
    const sent = ["--duty", duty, "--at", new Date().toISOString()];
    await stage.sealdesk("breach", "step", id, "record_notice", ...sent, "--tenant", "demo");
  }
  stage.tell("The notices are recorded.");
}

/** Tries to close the breach. @returns the exit code */
const close = async (stage: Stage, id: CaseId): Promise<number> =>
  (await stage.attempt("breach", "close", id, "--tenant", "demo", "--reason", "The server is shut"))
    .code;

const hoursBetween = (fromMs: number, toMs: number | null | undefined): number =>
  typeof toMs === "number" ? (toMs - fromMs) / HOUR_MS : 0;

/** The days that the end of a day is away. */
const daysBetween = (fromMs: number, toMs: number | null | undefined): number =>
  typeof toMs === "number" ? Math.floor((toMs - fromMs) / DAY_MS) : 0;
