import { abstentionCurve, calibrationError, type Abstention } from "../detect/learn/calibration.ts";
import { IntentModel, type Example } from "../detect/learn/intent-model.ts";
import { foundOf, rounded, share } from "./figures.ts";

const thresholds = [0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

export interface IntentFigures {
  readonly trained: number;
  readonly tested: number;
  readonly intents: number;
  readonly accuracy: number;
  readonly macroF1: number;
  /** The expected calibration error, with ten bins. */
  readonly calibrationError: number;
  /** The threshold that the training chose, and what follows from it. */
  readonly threshold: number;
  readonly answered: number;
  readonly accuracyOfAnswers: number;
  readonly abstentionCurve: readonly Abstention[];
  readonly modelBytes: number;
  readonly trainingMs: number;
  readonly msPerMessage: number;
  /** Of messages about something else; undefined if none were given. */
  readonly outOfScope: { readonly messages: number; readonly falseAcceptRate: number } | undefined;
}

/**
 * Trains with some examples, and measures with others.
 * @param outOfScope messages that belong to none of the intents
 * @param now a clock in milliseconds
 * @throws ModerationError invalid_examples
 */
export function evaluateIntents(
  train: readonly Example[],
  test: readonly Example[],
  outOfScope: readonly string[] | undefined,
  now: () => number,
): IntentFigures {
  const startedMs = now();
  const model = IntentModel.train(train);
  const trainedMs = now();
  const guesses = test.map(({ text }) => model.guess(text));
  const testedMs = now();
  const judged = test.map(({ intent }, at) => ({
    confidence: guesses[at]?.confidence ?? 0,
    isRight: guesses[at]?.intent === intent,
  }));
  const answers = judged.filter((_, at) => guesses[at]?.isAnswer === true);
  const accepted = outOfScope?.filter((text) => model.guess(text).isAnswer).length ?? 0;
  return {
    trained: train.length,
    tested: test.length,
    intents: model.intents.length,
    accuracy: share(judged.filter(({ isRight }) => isRight).length, test.length),
    macroF1: macroF1(
      test.map(({ intent }) => intent),
      guesses.map(({ intent }) => intent),
    ),
    calibrationError: rounded(calibrationError(judged)),
    threshold: model.threshold,
    answered: share(answers.length, test.length),
    accuracyOfAnswers: share(answers.filter(({ isRight }) => isRight).length, answers.length),
    abstentionCurve: abstentionCurve(judged, thresholds).map((point) => ({
      threshold: point.threshold,
      answered: rounded(point.answered),
      accuracy: rounded(point.accuracy),
    })),
    modelBytes: model.bytes,
    trainingMs: Math.round(trainedMs - startedMs),
    msPerMessage: test.length === 0 ? 0 : rounded((testedMs - trainedMs) / test.length),
    outOfScope: outOfScope && {
      messages: outOfScope.length,
      falseAcceptRate: share(accepted, outOfScope.length),
    },
  };
}

/** Returns the mean F1 of the classes that occur. */
export function macroF1(gold: readonly string[], said: readonly string[]): number {
  const classes = [...new Set(gold)];
  const scores = classes.map((one) => {
    const right = gold.filter((each, at) => each === one && said[at] === one).length;
    const count = (list: readonly string[]) => list.filter((each) => each === one).length;
    return foundOf(count(gold), count(said), right).f1;
  });
  return classes.length === 0
    ? 0
    : rounded(scores.reduce((sum, score) => sum + score, 0) / classes.length);
}
