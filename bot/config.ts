import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { z } from "zod";
import { IntentModel } from "../moderation/detect/learn/intent-model.ts";
import { urgentLexicons } from "../moderation/detect/lexicons/urgent/urgent.ts";
import { ModerationError } from "../moderation/detect/moderation-error.ts";
import { reviewOutgoing } from "../moderation/detect/outgoing.ts";
import { UrgencyDetector } from "../moderation/detect/urgency.ts";
import { parseCsv, type Row } from "../moderation/evaluate/csv.ts";
import { BotError } from "./bot-error.ts";
import type { Judgement, ReplyLimits } from "./next-reply.ts";
import { mostPerMinute } from "./talk.ts";

const sentence = z.string().trim().min(1).max(4_000);

/** The configuration file. Names of files are relative to its folder. */
const configuration = z.strictObject({
  version: z.literal(1),
  texts: z.strictObject({
    /** It must say that a program writes. */
    greeting: sentence,
    urgent: sentence,
    handOver: sentence,
    /** Follows the two before if no agent and no supervisor is a member. */
    nobodyHere: sentence,
  }),
  /** A CSV file with the columns `text` and `category`. */
  examples: z.string().min(1),
  /** A CSV file with the columns `category` and `answer`. */
  answers: z.string().min(1),
  /** The lowest confidence of an answer, from 0 to 1. The model's own threshold holds, too. */
  minConfidence: z.number().min(0).max(1).default(0.5),
  answersPerMinute: z.int().min(1).max(mostPerMinute).default(6),
  answersPerConversation: z.int().min(1).max(1_000).default(30),
});

export type BotTexts = z.output<typeof configuration>["texts"];

/** What the bot needs in order to talk. */
export interface BotConfig {
  readonly texts: BotTexts;
  readonly limits: ReplyLimits;
  readonly judge: (text: string) => Judgement;
  /** How many examples, categories and answers there are. */
  readonly counts: Readonly<Record<"examples" | "categories" | "answers", number>>;
}

/**
 * Reads the configuration and trains the model with its examples. The same files give the same bot.
 * @throws BotError invalid_config
 */
export async function readConfig(path: string): Promise<BotConfig> {
  const file = resolve(path);
  const { texts, examples, answers, minConfidence, ...limits } = parsed(await textOf(file));
  const read = async (name: string, columns: readonly string[]) =>
    rowsOf(name, await textOf(resolve(dirname(file), name)), columns);
  const rows = await read(examples, ["text", "category"]);
  const model = trained(examples, rows);
  const replies = answersOf(answers, await read(answers, ["category", "answer"]), model);
  for (const text of [...Object.values(texts), ...replies.values()]) assertNoCard(text);
  const urgency = new UrgencyDetector(urgentLexicons);
  return {
    texts,
    limits,
    counts: {
      examples: rows.length,
      categories: model.intents.length,
      answers: replies.size,
    },
    judge(text) {
      if (urgency.find(text).length > 0) return { isUrgent: true, answer: undefined };
      const { intent, confidence, isAnswer } = model.guess(text);
      const isSure = isAnswer && confidence >= minConfidence;
      return { isUrgent: false, answer: isSure ? replies.get(intent) : undefined };
    },
  };
}

function parsed(text: string): z.output<typeof configuration> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid("The configuration is not JSON.");
  }
  const { data, error } = configuration.safeParse(json);
  if (data !== undefined) return data;
  const places = error.issues.map(({ path, message }) => `${path.join(".") || "it"}: ${message}`);
  throw invalid(`The configuration is not valid. ${places.join("; ")}`);
}

const textOf = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: unknown) => {
    throw new BotError("invalid_config", `The file ${path} cannot be read.`, { cause });
  });

/** Names the file in the errors of its content. */
function inFile<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ModerationError)) throw error;
    throw invalid(`${name}: ${error.message}`);
  }
}

const rowsOf = (name: string, text: string, columns: readonly string[]): readonly Row[] =>
  inFile(name, () => parseCsv(text, columns));

const trained = (name: string, rows: readonly Row[]): IntentModel =>
  inFile(name, () =>
    IntentModel.train(rows.map(({ text = "", category = "" }) => ({ text, intent: category }))),
  );

function answersOf(
  name: string,
  rows: readonly Row[],
  model: IntentModel,
): ReadonlyMap<string, string> {
  const answers = new Map<string, string>();
  for (const [at, { category = "", answer = "" }] of rows.entries()) {
    const record = `${name}, record ${at + 1}`;
    if (!model.intents.includes(category))
      throw invalid(`${record}: the category has no examples. Add some, or remove the answer.`);
    if (answers.has(category)) throw invalid(`${record}: the category has an answer already.`);
    if (!sentence.safeParse(answer).success)
      throw invalid(`${record}: an answer has 1 to 4000 characters.`);
    answers.set(category, answer.trim());
  }
  return answers;
}

function assertNoCard(text: string): void {
  if (reviewOutgoing(text).findings.length > 0)
    throw invalid("A text or an answer has a number of a payment card. Remove it.");
}

const invalid = (message: string): BotError => new BotError("invalid_config", message);
