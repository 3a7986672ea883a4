import type { RuleSetSource } from "../../rules/rule-set.ts";
import { urgentEnglish } from "./english/english.ts";
import { urgentGerman } from "./german.ts";
import { urgentSpanish } from "./spanish.ts";

/** The rules about emergencies that every organisation begins with. */
export const urgentLexicons: readonly RuleSetSource[] = [
  ...urgentEnglish,
  urgentGerman,
  urgentSpanish,
];
