/** Tries everything that the relay can do with three devices, breadth first, up to a depth. */
import type { Device } from "./known.ts";
import { Histories, mostHistories, type Bounds } from "./histories.ts";
import { NumberSet } from "./number-set.ts";
import { disagreement } from "./promises.ts";
import type { Rules } from "./rules.ts";
import type { Scenario } from "./scenarios.ts";

export interface Outcome {
  /** The number of states. Two that differ in which of Ben's devices is which count once. */
  readonly states: number;
  /** One device for each history that a device has in them. */
  readonly devices: readonly Device[];
  /** The fewest steps that break a promise, and the promise. Undefined if nothing breaks one. */
  readonly counterexample: readonly string[] | undefined;
}

interface Search extends Bounds {
  /** The number of things that happen in all. */
  readonly depth: number;
  /** Whether to try the mirror image of a state too. It shows nothing new. */
  readonly images?: boolean;
}

export function explore(
  rules: Rules,
  { relay, devices, mirrored }: Scenario,
  { images = false, depth: most, ...bounds }: Search,
): Outcome {
  const histories = new Histories(rules, relay, bounds, mirrored);
  const states = new States(histories, images);
  const agreed = new NumberSet();

  const faultOf = (moved: number, others: readonly number[]): string | undefined =>
    histories.fault(moved) ??
    others.map((other) => disagree(moved, other)).find((fault) => fault !== undefined);
  const disagree = (one: number, other: number): string | undefined => {
    const pair = Math.min(one, other) * mostHistories + Math.max(one, other);
    if (!agreed.add(pair)) return undefined;
    return disagreement(histories.device(one), histories.device(other));
  };
  const outcome = (counterexample?: readonly string[]): Outcome => ({
    states: states.different,
    devices: histories.devices,
    counterexample,
  });

  states.add(
    devices(rules).map((device) => histories.add(device, 0)),
    -1,
  );
  for (let [depth, from] = [0, 0]; depth < most; depth++) {
    const to = states.count;
    for (let index = from; index < to; index++) {
      const state = states.at(index);
      for (const [slot, number] of state.entries()) {
        const others = state.filter((_, each) => each !== slot);
        for (const moved of histories.after(number, others)) {
          if (!states.add(state.with(slot, moved), index)) continue;
          const fault = faultOf(moved, others);
          if (fault !== undefined) return outcome([...states.trace(states.count - 1), fault]);
        }
      }
    }
    from = to;
  }
  return outcome();
}

/** The states that were reached, in the order in which they were, each with the state before it. */
class States {
  readonly #histories: Histories;
  readonly #images: boolean;
  readonly #names = new NumberSet();
  /** The names under which a state and its image are the same. */
  readonly #classes = new NumberSet();
  readonly #states: number[] = [];
  readonly #before: number[] = [];

  constructor(histories: Histories, images: boolean) {
    this.#histories = histories;
    this.#images = images;
  }

  /** The number of states that are not each other's image. */
  get different(): number {
    return this.#classes.size;
  }

  get count(): number {
    return this.#before.length;
  }

  at(index: number): readonly number[] {
    return this.#states.slice(index * 3, index * 3 + 3);
  }

  /**
   * Adds a state.
   * @param state the history of each device
   * @returns false if it, or its mirror image, was reached before
   */
  add(state: readonly number[], before: number): boolean {
    const isNew = this.#classes.add(this.#classOf(state));
    const [a = 0, b = 0, c = 0] = state;
    if (this.#images ? !this.#names.add(packed(a, b, c)) : !isNew) return false;
    this.#states.push(...state);
    this.#before.push(before);
    return true;
  }

  /** Returns how a state was reached. */
  trace(index: number): readonly string[] {
    const before = this.#before[index];
    if (before === undefined || before < 0) return [];
    const [was, is] = [this.at(before), this.at(index)];
    const slot = is.findIndex((number, each) => number !== was[each]);
    const [earlier, later] = [was, is].map((each) => this.#histories.device(each[slot] ?? 0));
    const step = later!.path.slice(earlier!.path.length).trim();
    return [...this.trace(before), `${later!.owner.name}: ${step}`];
  }

  /** Returns one number for a state and for its image, in which the last two devices are exchanged. */
  #classOf([a = 0, b = 0, c = 0]: readonly number[]): number {
    const histories = this.#histories;
    const image = packed(histories.mirror(a), histories.mirror(c), histories.mirror(b));
    return histories.isMirrored ? Math.min(packed(a, b, c), image) : packed(a, b, c);
  }
}

const packed = (a: number, b: number, c: number): number =>
  (a * mostHistories + b) * mostHistories + c;
