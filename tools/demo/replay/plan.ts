import { customer, type Dialogue, type Line } from "./read-dialogues.ts";

/** A second agent who joins in the middle and answers in place of the first one. */
export interface HandOver {
  /** They join before this line. */
  readonly before: number;
  /** The agent who adds them. */
  readonly from: string;
  readonly to: string;
}

/** The participants of a dialogue, and their lines. */
export interface Plan {
  readonly number: number;
  /** The members from the beginning. The customer is first; the others are agents. */
  readonly members: readonly string[];
  readonly lines: readonly Line[];
  readonly handOver: HandOver | undefined;
}

const everyTenth = 10;
const someAgent = "Doctor";
const secondAgent = "Second_agent";

/**
 * Plans a dialogue. The customer begins the conversation, even one who never says a word because
 * the family speaks. Everybody else who speaks is an agent. Every tenth conversation is handed over
 * in the middle.
 */
export function planOf({ number, lines }: Dialogue): Plan {
  const agents = new Set(lines.map(({ speaker }) => speaker));
  agents.delete(customer);
  if (agents.size === 0) agents.add(someAgent);
  const members = [customer, ...agents];
  if (number % everyTenth !== 0) return { number, members, lines, handOver: undefined };
  const from = agents.has(someAgent) ? someAgent : (members[1] ?? someAgent);
  const handOver = { before: Math.floor(lines.length / 2), from, to: secondAgent };
  return { number, members, lines: handedOver(lines, handOver), handOver };
}

const handedOver = (lines: readonly Line[], { before, from, to }: HandOver): readonly Line[] =>
  lines.map((line, index) =>
    index >= before && line.speaker === from ? { ...line, speaker: to } : line,
  );

/** Returns the first line that a member may read. */
export const firstLineOf = ({ handOver }: Plan, member: string): number =>
  handOver?.to === member ? handOver.before : 0;
