import type pg from "pg";
import type { ConversationId } from "../../../crypto/wire/ids.ts";
import type { AtRest } from "../../testkit/at-rest.ts";
import type { DeviceHome } from "../../testkit/connect-device.ts";
import type { Person } from "../device/person.ts";
import { Participants, type ParticipantsBackend } from "./participants.ts";
import { Faults, type FaultCounts } from "./faults.ts";
import { firstLineOf, type HandOver, type Plan } from "./plan.ts";
import type { SeededRandom } from "../../testkit/seeded-random.ts";
import { takeMessages, tryUnauthorisedDecrypt, wouldNotice } from "./unauthorised-decrypt.ts";
import { isFlawless, judge, sum, type Sent, type Verdict } from "./verdict.ts";

export interface ReplayDeps {
  readonly backend: ParticipantsBackend;
  readonly administrator: pg.Client;
  readonly atRest: AtRest;
  /** A switched-off device that is in no conversation. */
  readonly outsider: DeviceHome;
  readonly random: SeededRandom;
  /** The probability that a device is cut off at a line. */
  readonly faultsPerLine: number;
}

/** The result of one conversation. */
export interface Replayed {
  readonly number: number;
  readonly messages: number;
  readonly verdict: Verdict;
  readonly faults: FaultCounts;
  /** The number of times that a device tried to open a message that it may not read. */
  readonly attempts: number;
  /** The complaints about devices and messages, with the member's name. */
  readonly complaints: readonly string[];
}

const arrivalMs = 60_000;

/**
 * Lets new devices have a conversation over real sockets, and checks what each was shown.
 * @throws Error that names the person, if it cannot continue
 */
export async function replayDialogue(deps: ReplayDeps, plan: Plan): Promise<Replayed> {
  const participants = new Participants(deps.backend);
  try {
    const conversation = await participants.begin(plan);
    const faults = new Faults(deps.random, deps.faultsPerLine);
    const sent = await speak(plan, participants, faults, conversation);
    const { verdicts, complaints } = await hearEveryone(plan, participants, faults, sent);
    await participants.switchOffAll();
    const tried = await tryWithoutRight(deps, plan, participants, conversation);
    const verdict = sum([...verdicts, tried.verdict]);
    return {
      number: plan.number,
      messages: sent.length,
      verdict,
      faults: faults.counts,
      attempts: tried.attempts,
      complaints: [...complaints, ...tried.complaints],
    };
  } finally {
    await participants.switchOffAll();
  }
}

/** Sends the lines of all members in turn, through all faults of their devices. */
async function speak(
  { lines, handOver }: Plan,
  participants: Participants,
  faults: Faults,
  conversation: ConversationId,
): Promise<readonly Sent[]> {
  const sent: Sent[] = [];
  for (const [place, { speaker, text }] of lines.entries()) {
    if (place === handOver?.before) await bringIn(handOver, participants, faults, conversation);
    await faults.beforeLine(participants.everyone);
    const person = participants.called(speaker);
    await faults.comeBack(person);
    sent.push(await person.say(text));
  }
  return sent;
}

async function bringIn(
  { from, to }: HandOver,
  participants: Participants,
  faults: Faults,
  conversation: ConversationId,
): Promise<void> {
  const newcomer = await participants.signIn(to);
  const agent = participants.called(from);
  await faults.comeBack(agent);
  await agent.addMember(newcomer.sealdesk.user.id);
  await newcomer.join(conversation);
}

/** Waits until everybody was shown what they may read, and compares. */
async function hearEveryone(
  plan: Plan,
  participants: Participants,
  faults: Faults,
  sent: readonly Sent[],
): Promise<{ readonly verdicts: readonly Verdict[]; readonly complaints: readonly string[] }> {
  const verdicts: Verdict[] = [];
  const complaints: string[] = [];
  for (const person of participants.everyone) {
    await faults.comeBack(person);
    const from = firstLineOf(plan, person.name);
    await person.hasShown(sent.length - from, arrivalMs);
    const verdict = judge(sent, from, person.shown);
    verdicts.push(verdict);
    complaints.push(...person.problems);
    if (!isFlawless(verdict)) complaints.push(`${person.name}: ${JSON.stringify(verdict)}`);
  }
  return { verdicts, complaints };
}

/** After a hand-over: the newcomer tries the messages before it, an outsider tries all. */
async function tryWithoutRight(
  { administrator, atRest, outsider }: ReplayDeps,
  plan: Plan,
  participants: Participants,
  conversation: ConversationId,
) {
  if (plan.handOver === undefined) return { verdict: sum([]), attempts: 0, complaints: [] };
  const newcomer: Person = participants.called(plan.handOver.to);
  const messages = await takeMessages(administrator, atRest, conversation);
  const before = messages.slice(0, plan.handOver.before);
  const received = messages
    .slice(plan.handOver.before)
    .filter(({ sender }) => sender !== newcomer.device);
  const byNewcomer = await tryUnauthorisedDecrypt(newcomer.home, before);
  const byOutsider = await tryUnauthorisedDecrypt(outsider, messages);
  return {
    verdict: { ...sum([]), openedWithoutRight: byNewcomer.opened + byOutsider.opened },
    attempts: byNewcomer.attempts + byOutsider.attempts,
    complaints: (await wouldNotice(newcomer.home, received))
      ? []
      : [`${newcomer.name}: the unauthorised attempts prove nothing`],
  };
}
