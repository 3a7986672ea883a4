/**
 * A linear support vector machine, one class against the rest, with squared hinge loss, by dual coordinate descent
 * (Hsieh et al., A Dual Coordinate Descent Method for Large-scale Linear SVM, ICML 2008). The same examples give the
 * same machine.
 */
import { seededRandom, shuffle } from "./seeded-random.ts";
import type { SparseVector } from "./vocabulary.ts";

/** The weights of a class: one for each term, and the bias at the end. */
export type ClassWeights = Float32Array;

export interface Training {
  /** How much an example on the wrong side costs. */
  readonly cost: number;
  readonly epochs: number;
  readonly seed: number;
}

/** The largest violation with which training ends. */
const tolerance = 0.05;
/**
 * Every so many epochs all examples are looked at. Between them only those that are on the wrong side of the margin, or
 * were (shrinking, section 3.2 of the paper). Most examples of other classes never are.
 */
const fullEvery = 4;

/**
 * @param labels the class of each vector, from 0
 * @param size the number of terms
 */
export const trainSvm = (
  vectors: readonly SparseVector[],
  labels: readonly number[],
  { classes, size, ...training }: Training & { readonly classes: number; readonly size: number },
): readonly ClassWeights[] =>
  Array.from({ length: classes }, (_, one) => {
    const signs = labels.map((label) => (label === one ? 1 : -1));
    return trainOne(vectors, signs, size, training);
  });

function trainOne(
  vectors: readonly SparseVector[],
  signs: readonly number[],
  size: number,
  { cost, epochs, seed }: Training,
): ClassWeights {
  const random = seededRandom(seed);
  const all = Array.from(vectors.keys());
  let order = all;
  const weights = new Float32Array(size + 1);
  const alpha = new Float32Array(vectors.length);
  const diagonal = 1 / (2 * cost);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const isFull = epoch % fullEvery === 0 || epoch === epochs - 1;
    if (isFull) order = all;
    shuffle(order, random);
    let worst = 0;
    const active: number[] = [];
    for (const at of order) {
      const vector = vectors[at];
      const sign = signs[at] ?? 1;
      const before = alpha[at] ?? 0;
      if (vector === undefined) continue;
      const gradient = sign * scoreOf(weights, vector) - 1 + before * diagonal;
      const violation = before === 0 ? Math.min(gradient, 0) : gradient;
      if (before > 0 || violation !== 0) active.push(at);
      if (Math.abs(violation) < 1e-8) continue;
      worst = Math.max(worst, Math.abs(violation));
      // A vector has length 1, and the bias counts as one more term of value 1.
      const after = Math.max(before - gradient / (2 + diagonal), 0);
      alpha[at] = after;
      add(weights, vector, (after - before) * sign);
    }
    if (isFull && worst < tolerance) break;
    order = active;
  }
  return weights;
}

/** The weights of all classes, the classes of one term beside each other, so that a text is scored in few reads. */
export interface ScoreTable {
  readonly classes: number;
  readonly weights: Float32Array;
}

export function tableOf(classes: readonly ClassWeights[]): ScoreTable {
  const rows = classes[0]?.length ?? 0;
  const weights = new Float32Array(rows * classes.length);
  for (const [column, own] of classes.entries())
    for (let row = 0; row < rows; row++) weights[row * classes.length + column] = own[row] ?? 0;
  return { classes: classes.length, weights };
}

/** Returns the score of a vector for each class. */
export function scoresIn(
  { classes, weights }: ScoreTable,
  { ids, values }: SparseVector,
): number[] {
  const bias = weights.subarray(weights.length - classes);
  const scores = Float64Array.from(bias);
  for (let at = 0; at < ids.length; at++) {
    const value = values[at] ?? 0;
    const row = (ids[at] ?? 0) * classes;
    for (let column = 0; column < classes; column++)
      scores[column] = (scores[column] ?? 0) + value * (weights[row + column] ?? 0);
  }
  return Array.from(scores);
}

/** Returns on which side of the plane a vector lies, and how far from it. */
function scoreOf(weights: ClassWeights, { ids, values }: SparseVector): number {
  let score = weights[weights.length - 1] ?? 0;
  for (let at = 0; at < ids.length; at++) score += (weights[ids[at] ?? 0] ?? 0) * (values[at] ?? 0);
  return score;
}

function add(weights: ClassWeights, { ids, values }: SparseVector, step: number): void {
  if (step === 0) return;
  for (let at = 0; at < ids.length; at++) {
    const id = ids[at] ?? 0;
    weights[id] = (weights[id] ?? 0) + step * (values[at] ?? 0);
  }
  const bias = weights.length - 1;
  weights[bias] = (weights[bias] ?? 0) + step;
}
