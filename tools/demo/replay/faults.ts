import type { Person } from "../device/person.ts";
import type { SeededRandom } from "../../testkit/seeded-random.ts";

/** The probability that a device is cut off at a line. */
export const defaultFaults = 0.05;
const ofThemClosed = 0.4;
/**
 * The server lets an account sign in five times, then once a minute. The first sign-in is already
 * used.
 */
const mostClosings = 3;
const longestAbsence = 3;

/** The number of times that each fault happened to a device. */
export interface FaultCounts {
  /** Cut connections. The SDK makes new ones. */
  cut: number;
  /** Devices closed completely and opened again from their store. */
  closed: number;
}

/** Random faults of the devices of one conversation. */
export class Faults {
  readonly counts: FaultCounts = { cut: 0, closed: 0 };
  readonly #random: SeededRandom;
  readonly #perLine: number;
  readonly #away = new Map<Person, number>();
  readonly #closings = new Map<Person, number>();

  constructor(random: SeededRandom, perLine: number) {
    this.#random = random;
    this.#perLine = perLine;
  }

  /**
   * Acts before a line. A member who was away long enough comes back. Then a member may be cut off.
   */
  async beforeLine(members: readonly Person[]): Promise<void> {
    for (const [person, lines] of this.#away) {
      if (lines <= 0) await this.comeBack(person);
      else this.#away.set(person, lines - 1);
    }
    if (!this.#random.happens(this.#perLine)) return;
    const person = this.#random.pick(members);
    if (person.isAway) return;
    const closings = this.#closings.get(person) ?? 0;
    if (this.#random.happens(ofThemClosed) && closings < mostClosings) {
      this.#closings.set(person, closings + 1);
      this.counts.closed++;
      await person.switchOff();
      this.#away.set(person, this.#random.below(longestAbsence + 1));
    } else {
      this.counts.cut++;
      person.loseConnection();
    }
  }

  async comeBack(person: Person): Promise<void> {
    this.#away.delete(person);
    await person.switchOnAgain();
  }
}
