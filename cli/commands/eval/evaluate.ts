import { readFile } from "node:fs/promises";
import { AbuseDetector } from "../../../moderation/detect/abuse.ts";
import { abuseEnglish } from "../../../moderation/detect/lexicons/abuse/english.ts";
import { urgentLexicons } from "../../../moderation/detect/lexicons/urgent/urgent.ts";
import { findPersonalData } from "../../../moderation/detect/personal/find-personal-data.ts";
import { UrgencyDetector } from "../../../moderation/detect/urgency.ts";
import { parseCsv, type Row } from "../../../moderation/evaluate/csv.ts";
import { evaluateAbuse } from "../../../moderation/evaluate/evaluate-abuse.ts";
import { evaluateIntents } from "../../../moderation/evaluate/evaluate-intents.ts";
import { evaluatePersonal, parseLabelled } from "../../../moderation/evaluate/evaluate-personal.ts";
import { evaluateUrgency } from "../../../moderation/evaluate/evaluate-urgency.ts";
import { messagesOf } from "../../../moderation/evaluate/figures.ts";
import { CommandError } from "../../settings.ts";
import { shown } from "./shown.ts";

export interface DataOptions {
  readonly data: string;
  readonly json?: true;
}

export interface AbuseOptions extends DataOptions {
  readonly talk?: string;
}

export interface IntentOptions {
  readonly train: string;
  readonly test: string;
  readonly outOfScope?: string;
  readonly json?: true;
}

const now = (): number => performance.now();

/** Trains and measures intents. It uses no network. @throws CommandError, ModerationError */
export async function evaluateIntentsCommand(options: IntentOptions): Promise<string> {
  const [train, test] = [await examplesIn(options.train), await examplesIn(options.test)];
  const outOfScope = options.outOfScope && (await talkIn(options.outOfScope));
  return shown(evaluateIntents(train, test, outOfScope || undefined, now), options);
}

/** Measures personal data. @throws CommandError, ModerationError */
export async function evaluatePersonalCommand(options: DataOptions): Promise<string> {
  const texts = parseLabelled(await textIn(options.data));
  return shown(evaluatePersonal(texts, findPersonalData, now), options);
}

/** Measures hate speech. @throws CommandError, ModerationError */
export async function evaluateAbuseCommand(options: AbuseOptions): Promise<string> {
  const detector = new AbuseDetector([abuseEnglish]);
  const rows = await rowsIn(options.data, ["functionality", "test_case", "label_gold"]);
  const cases = rows.map((row) => ({
    text: row["test_case"] ?? "",
    functionality: row["functionality"] ?? "",
    isHateful: row["label_gold"] === "hateful",
  }));
  const talk = options.talk && (await talkIn(options.talk));
  const isHateful = (text: string) => detector.isHateful(text);
  return shown(evaluateAbuse(cases, isHateful, talk || undefined, now), options);
}

/** Measures emergencies. @throws CommandError, ModerationError */
export async function evaluateUrgencyCommand(options: DataOptions): Promise<string> {
  const detector = new UrgencyDetector(urgentLexicons);
  const rows = await rowsIn(options.data, ["text", "urgent"]);
  const examples = rows.map((row, at) => ({
    text: row["text"] ?? "",
    isUrgent: truthIn(row["urgent"] ?? "", at + 1),
  }));
  return shown(
    evaluateUrgency(examples, (text) => detector.find(text).length > 0, now),
    options,
  );
}

async function examplesIn(path: string) {
  const rows = await rowsIn(path, ["text", "category"]);
  return rows.map((row) => ({ text: row["text"] ?? "", intent: row["category"] ?? "" }));
}

async function talkIn(path: string): Promise<readonly string[]> {
  const rows = await rowsIn(path, []);
  return rows.flatMap((row) => messagesOf([row["dialogue"] ?? row["text"] ?? ""]));
}

const rowsIn = async (path: string, columns: readonly string[]): Promise<readonly Row[]> =>
  parseCsv(await textIn(path), columns);

function truthIn(written: string, record: number): boolean {
  const value = written.trim().toLowerCase();
  if (["1", "true", "yes", "urgent"].includes(value)) return true;
  if (["0", "false", "no", "not_urgent", ""].includes(value)) return false;
  throw new CommandError(`Record ${record} has neither 1 nor 0 in the column urgent.`);
}

const textIn = (path: string): Promise<string> =>
  readFile(path, "utf8").catch((cause: unknown) => {
    throw new CommandError(`${path} cannot be read.`, { cause });
  });
