/** Scores as probabilities, and what a threshold on them costs. */

/** What a model said about an example whose class is known. */
export interface Judged {
  readonly confidence: number;
  readonly isRight: boolean;
}

/** A point of the abstention curve. */
export interface Abstention {
  readonly threshold: number;
  /** The share of messages that get an answer. */
  readonly answered: number;
  /** The share of the answers that are right. */
  readonly accuracy: number;
}

const temperatures = [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 6, 7, 8, 10, 12, 15];

/** Returns the probabilities of scores (softmax, with the scores times a temperature). */
export function softmax(scores: readonly number[], temperature: number): readonly number[] {
  const top = Math.max(...scores);
  const powers = scores.map((score) => Math.exp((score - top) * temperature));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

/**
 * Returns the temperature with the least log loss (Guo et al., On Calibration of Modern Neural Networks, ICML 2017).
 * @param examples scores of examples that the model was not trained with, and the number of the right class
 */
export function bestTemperature(
  examples: readonly { readonly scores: readonly number[]; readonly label: number }[],
): number {
  let best = { temperature: 1, loss: Number.POSITIVE_INFINITY };
  for (const temperature of temperatures) {
    const loss = examples.reduce(
      (total, { scores, label }) =>
        total - Math.log((softmax(scores, temperature)[label] ?? 0) + 1e-12),
      0,
    );
    if (loss < best.loss) best = { temperature, loss };
  }
  return best.temperature;
}

/** Returns the expected calibration error with ten bins (Naeini et al., AAAI 2015). */
export function calibrationError(judged: readonly Judged[]): number {
  const bins = Array.from({ length: 10 }, () => ({ confidence: 0, right: 0 }));
  for (const { confidence, isRight } of judged) {
    const bin = bins[Math.min(9, Math.floor(confidence * 10))];
    if (bin === undefined) continue;
    bin.confidence += confidence;
    if (isRight) bin.right++;
  }
  const gap = bins.reduce(
    (total, { confidence, right }) => total + Math.abs(confidence - right),
    0,
  );
  return judged.length === 0 ? 0 : gap / judged.length;
}

/** Returns how many messages are answered at each threshold, and how many answers are right. */
export const abstentionCurve = (
  judged: readonly Judged[],
  thresholds: readonly number[],
): readonly Abstention[] =>
  thresholds.map((threshold) => {
    const answered = judged.filter(({ confidence }) => confidence >= threshold);
    const right = answered.filter(({ isRight }) => isRight).length;
    return {
      threshold,
      answered: judged.length === 0 ? 0 : answered.length / judged.length,
      accuracy: answered.length === 0 ? 1 : right / answered.length,
    };
  });

/** Returns the lowest threshold from which on at least this share of the answers is right. */
export function thresholdFor(judged: readonly Judged[], accuracy: number): number {
  const steps = Array.from({ length: 100 }, (_, step) => step / 100);
  const points = abstentionCurve(judged, steps);
  return points.find((point) => point.accuracy >= accuracy)?.threshold ?? 1;
}
