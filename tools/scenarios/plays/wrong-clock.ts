import { dueDates } from "../../../policies/deadlines/due-date.ts";
import type { Scenario } from "../scenario.ts";
import { countEntries, countKeys } from "../stage/attack.ts";
import { keepHead, verifyLog } from "../stage/audit.ts";
import { beginErasure, certified, reached, stateOf } from "../stage/erasure.ts";
import type { Stage } from "../stage/stage.ts";
import { knownAnswers, type KnownAnswer } from "./due-dates.ts";

const HOUR_MS = 3_600_000;
const aheadMs = 26 * HOUR_MS;

/** The clock of the node is 26 hours ahead of the database's. */
export const wrongClock: Scenario = {
  id: "S7",
  title: "The clock of a node is 26 hours ahead. A request was received on 31 January.",
  demands: {
    keysBefore: { atLeast: 1 },
    keysWhileApart: { sameAs: "keysBefore" },
    saidApart: true,
    windowKept: true,
    jumpsRecorded: { atLeast: 1 },
    keysAfter: 0,
    dueDatesRight: { sameAs: "knownAnswers" },
    januaryDue: true,
    certificateVerified: true,
    auditVerified: true,
  },
  async play(stage) {
    await stage.begin();
    const { system } = stage;
    const [customer, agent] = [await stage.customer(), await stage.staff("the agent")];
    const other = await stage.customer();
    const { id } = await stage.talk(customer, agent);
    const contested = await stage.talk(other, agent);
    const [user, waiting] = [customer.user, other.user];
    for (const device of [customer, agent, other]) await device.switchOff();
    const head = await keepHead(stage);
    const januaryDue = await requestOfJanuary(stage, waiting);
    const keysBefore = await countKeys(system, [id]);
    await system.stop();
    const clock = `const now = Date.now; Date.now = () => now() + ${aheadMs};`;
    const ahead = `--import data:text/javascript,${encodeURIComponent(clock)}`;
    await system.start({ ...stage.variables, NODE_OPTIONS: ahead });
    stage.tell("The node starts again with its clock 26 hours ahead.");
    const contestable = await beginErasure(stage, waiting, 24);
    const erasure = await beginErasure(stage, user);
    await reached(stage, erasure, "clocks_apart");
    await reached(stage, contestable, "contestable");
    stage.tell("Nothing is destroyed: the case waits until the clocks agree.");
    const saidApart = (await stateOf(stage, erasure)).pending === "clocks_apart";
    const keysWhileApart = await countKeys(system, [id]);
    const windowKept = (await countKeys(system, [contested.id])) > 0;
    const jumpsRecorded = await countEntries(system, { action: "clock.jump", outcome: "success" });
    await system.stop();
    await system.start(stage.variables);
    stage.tell("The clock is right again.");
    const { isVerified } = await certified(stage, erasure);
    return {
      keysBefore,
      keysWhileApart,
      saidApart,
      windowKept,
      jumpsRecorded,
      keysAfter: await countKeys(system, [id]),
      knownAnswers: knownAnswers.length,
      dueDatesRight: knownAnswers.filter(isRight).length,
      januaryDue,
      certificateVerified: isVerified,
      auditVerified: (await verifyLog(stage, head)).code === 0,
    };
  },
};

function isRight(known: KnownAnswer): boolean {
  const { law, right, timeZone, isExtended, due, endsAt } = known;
  const receivedAtMs = Date.parse(known.received);
  const receipt = { receivedAtMs, timeZone, holidays: new Set(known.holidays), isExtended };
  const [found] = dueDates([law], right, receipt);
  if (found === undefined || found.day !== due) return false;
  return endsAt === undefined || new Date(found.endsAtMs).toISOString() === endsAt;
}

/** Records the receipt of the last 31 January, as a letter of that day. @returns whether the date is the known one */
async function requestOfJanuary(stage: Stage, user: string): Promise<boolean> {
  const known = knownAnswers.findLast(
    ({ law, received, isExtended }) =>
      law === "gdpr" &&
      !isExtended &&
      received.includes("-01-31") &&
      Date.parse(received) < Date.now(),
  );
  if (known === undefined) return false;
  const asked = ["--tenant", "demo", "--subject", user, "--right", "erasure"];
  const received = ["--received-on", known.received];
  const opened = await stage.sealdesk("request", "open", ...asked, ...received);
  stage.tell(
    `A request of ${known.received.slice(0, 10)} is recorded. It was due on ${known.due}.`,
  );
  return opened.includes(`is due on ${known.due}`);
}
