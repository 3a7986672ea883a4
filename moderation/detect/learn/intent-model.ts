import { ModerationError } from "../moderation-error.ts";
import { bestTemperature, softmax, thresholdFor } from "./calibration.ts";
import { scoresIn, tableOf, trainSvm, type ClassWeights, type ScoreTable } from "./linear-svm.ts";
import { seededRandom, shuffle } from "./seeded-random.ts";
import { Vocabulary, type SparseVector } from "./vocabulary.ts";

/** A text whose intent is known. */
export interface Example {
  readonly text: string;
  readonly intent: string;
}

/** What a model says about a text. */
export interface Guess {
  readonly intent: string;
  /** The probability that the intent is right, from 0 to 1. */
  readonly confidence: number;
  /** False if the model does not know: hand over to a person. */
  readonly isAnswer: boolean;
}

/** How many of the answers are to be right, by which the threshold is set. */
const wantedAccuracy = 0.95;
/** No answer is less likely than its opposite. */
const lowestThreshold = 0.5;
/** The share of right answers that the lowest score may cost. It keeps out what is about something else. */
const lostAnswers = 0.03;
/** The share of the examples that set temperature and threshold, and then train the model too. */
const heldOut = 0.2;
const training = { cost: 3, epochs: 12, seed: 1 };
/** A model has at least two intents. */
const minIntents = 2;

/**
 * Tells what a message is about, from examples of the deployer. It is trained and asked on the deployer's side, without
 * a network and without a downloaded model.
 */
export class IntentModel {
  readonly #intents: readonly string[];
  readonly #machine: Machine;
  readonly #temperature: number;
  readonly #lowestScore: number;
  readonly threshold: number;

  private constructor(
    intents: readonly string[],
    machine: Machine,
    { temperature, threshold, lowestScore }: Calibration,
  ) {
    this.#intents = intents;
    this.#machine = machine;
    this.#temperature = temperature;
    this.#lowestScore = lowestScore;
    this.threshold = threshold;
  }

  /**
   * Trains a model. The same examples give the same model.
   * @throws ModerationError invalid_examples: there are less than two intents
   */
  static train(examples: readonly Example[]): IntentModel {
    const intents = [...new Set(examples.map(({ intent }) => intent))].toSorted();
    if (intents.length < minIntents)
      throw new ModerationError(
        "invalid_examples",
        "The examples have less than two intents. Give examples of at least two.",
      );
    const calibration = calibrate(examples, intents);
    return new IntentModel(intents, machineOf(examples, intents), calibration);
  }

  get intents(): readonly string[] {
    return this.#intents;
  }

  /** The size of the model in bytes, with a byte for each weight. */
  get bytes(): number {
    const { vocabulary } = this.#machine;
    const terms = vocabulary.terms.reduce((total, term) => total + term.length + 1, 0);
    return terms + vocabulary.size * (4 + this.#intents.length);
  }

  /** Returns the most likely intent of a text. */
  guess(text: string): Guess {
    const scores = scoresOf(this.#machine, text);
    const score = Math.max(...scores);
    const best = scores.indexOf(score);
    const confidence = softmax(scores, this.#temperature)[best] ?? 0;
    const intent = this.#intents[best] ?? "";
    const isAnswer = confidence >= this.threshold && score >= this.#lowestScore;
    return { intent, confidence, isAnswer };
  }
}

interface Machine {
  readonly vocabulary: Vocabulary;
  readonly table: ScoreTable;
}

interface Calibration {
  readonly temperature: number;
  readonly threshold: number;
  readonly lowestScore: number;
}

/** Sets the temperature and the threshold with examples that a first machine has not seen. */
function calibrate(examples: readonly Example[], intents: readonly string[]): Calibration {
  const mixed = [...examples];
  shuffle(mixed, seededRandom(training.seed));
  const cut = Math.floor(mixed.length * heldOut);
  const machine = machineOf(mixed.slice(cut), intents);
  const scored = mixed.slice(0, cut).map(({ text, intent }) => ({
    scores: scoresOf(machine, text),
    label: intents.indexOf(intent),
  }));
  const temperature = bestTemperature(scored);
  const judged = scored.map(({ scores, label }) => {
    const score = Math.max(...scores);
    const best = scores.indexOf(score);
    return { score, confidence: softmax(scores, temperature)[best] ?? 0, isRight: best === label };
  });
  const threshold = Math.max(lowestThreshold, thresholdFor(judged, wantedAccuracy));
  const right = judged
    .filter(({ isRight, confidence }) => isRight && confidence >= threshold)
    .map(({ score }) => score)
    .toSorted((a, b) => a - b);
  const lowestScore = right[Math.floor(right.length * lostAnswers)] ?? 0;
  return { temperature, threshold, lowestScore };
}

function machineOf(examples: readonly Example[], intents: readonly string[]): Machine {
  const vocabulary = Vocabulary.of(examples.map(({ text }) => text));
  const vectors = examples.map(({ text }): SparseVector => vocabulary.vectorOf(text));
  const numbers = new Map(intents.map((intent, number) => [intent, number]));
  const labels = examples.map(({ intent }) => numbers.get(intent) ?? 0);
  const shape = { classes: intents.length, size: vocabulary.size };
  const weights = trainSvm(vectors, labels, { ...training, ...shape });
  return { vocabulary, table: tableOf(weights.map(asBytes)) };
}

/** Rounds weights to 255 steps, as they are stored. */
function asBytes(weights: ClassWeights): ClassWeights {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const step = largest / 127 || 1;
  return weights.map((weight) => Math.round(weight / step) * step);
}

function scoresOf({ vocabulary, table }: Machine, text: string): readonly number[] {
  return scoresIn(table, vocabulary.vectorOf(text));
}
