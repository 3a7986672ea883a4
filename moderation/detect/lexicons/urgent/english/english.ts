import type { RuleSetSource } from "../../../rules/rule-set.ts";
import { phrases } from "../../phrases.ts";
import * as body from "./body.ts";
import * as context from "./context.ts";
import * as injury from "./injury.ts";
import * as selfHarm from "./self-harm.ts";
import * as signs from "./signs.ts";

/**
 * Emergencies in English: self-harm, medical, violence. Recall comes first: a person looks at every finding. Several rule
 * sets, because a concept of one name means something else in another.
 */
const header = {
  format: 1,
  language: "en",
  version: 1,
  reviewed: "2026-12-01, by the developers; no clinician has reviewed it yet",
} as const;

const shared: RuleSetSource["concepts"] = {
  ...context.concepts,
  refill: phrases(`
    refill | renew* | prescribed | repeat | collect | pick up | twice a day | once a day | times a day | per day |
    as directed | with food
  `),
  device_power: phrases(`
    my phone | laptop | car battery | low battery | battery life | charger | remote | card reader | device |
    smoke detector
  `),
};

export const urgentEnglish: readonly RuleSetSource[] = [
  {
    ...header,
    name: "urgent-en-self-harm",
    concepts: { ...shared, ...selfHarm.concepts },
    rules: selfHarm.rules,
  },
  {
    ...header,
    name: "urgent-en-body",
    concepts: { ...shared, ...body.concepts },
    rules: body.rules,
  },
  {
    ...header,
    name: "urgent-en-injury",
    concepts: { ...shared, ...injury.concepts },
    rules: injury.rules,
  },
  {
    ...header,
    name: "urgent-en-signs",
    concepts: { ...shared, ...signs.concepts },
    rules: [],
    scores: signs.scores,
  },
];
