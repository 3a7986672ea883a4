/** The histories that a device of the model can have. Each has a number, and is computed once. */
import { ben } from "./cast.ts";
import { ask, catchUp, connectAgain, deliver, endOf, readRemoval, say, tellGap } from "./device.ts";
import type { Device } from "./known.ts";
import { beginning, elsewhere, place, type Content, type Hash, type Placed } from "./events.ts";
import { faultOf } from "./promises.ts";
import type { Relay } from "./relay.ts";
import type { Rules } from "./rules.ts";

/** A state of three devices is one number, so a history has at most 17 bits. */
export const mostHistories = 2 ** 17;

export interface Bounds {
  /** The last place of a log that the relay fills. */
  readonly lastSeq: number;
  /** The number of messages that each device says, and of changes that its user asks for. */
  readonly messages: number;
  /** The number of things that happen to each device. */
  readonly steps: number;
}

export class Histories {
  readonly #rules: Rules;
  readonly #relay: Relay;
  readonly #bounds: Bounds;
  readonly #mirrored: ((text: string) => string) | undefined;
  readonly #numbers = new Map<string, number>();
  readonly #devices: (Device | undefined)[] = [];
  readonly #mirrors: number[] = [];
  readonly #faults: (string | undefined)[] = [];
  readonly #steps: number[] = [];
  /** What can follow a history, by what it depends on: nothing else, a hash, or a message. */
  readonly #next: Map<object, readonly number[]>[] = [];

  /** @param mirrored exchanges devices that nothing distinguishes, in a text */
  constructor(
    rules: Rules,
    relay: Relay,
    bounds: Bounds,
    mirrored: ((text: string) => string) | undefined,
  ) {
    this.#rules = rules;
    this.#relay = relay;
    this.#bounds = bounds;
    this.#mirrored = mirrored;
  }

  get isMirrored(): boolean {
    return this.#mirrored !== undefined;
  }

  get devices(): readonly Device[] {
    return this.#devices.filter((device) => device !== undefined);
  }

  /** @param steps the number of things that have happened */
  add(device: Device, steps: number): number {
    const number = this.#numberOf(device.path);
    if (this.#devices[number] !== undefined) return number;
    this.#devices[number] = device;
    this.#mirrors[number] =
      this.#mirrored === undefined ? number : this.#numberOf(this.#mirrored(device.path));
    this.#faults[number] = faultOf(this.#rules, device, this.#relay.forges);
    this.#steps[number] = steps;
    this.#next[number] = new Map();
    return number;
  }

  device(number: number): Device {
    const device = this.#devices[number];
    if (device === undefined) throw new RangeError("There is no such history.");
    return device;
  }

  /** The same history with Ben's two devices exchanged. */
  mirror(number: number): number {
    return this.#mirrors[number] ?? number;
  }

  /** Returns which promise the history breaks by itself. */
  fault(number: number): string | undefined {
    return this.#faults[number];
  }

  /**
   * Returns what a history can become by one step.
   * @param others the histories of the other devices, whose messages and hashes the relay has
   */
  *after(number: number, others: readonly number[]): Generator<number, void, undefined> {
    if ((this.#steps[number] ?? 0) >= this.#bounds.steps) return;
    const device = this.device(number);
    yield* this.#once(number, this, () => this.#alone(device));
    for (const other of others) {
      const { said, did, kept } = this.device(other);
      for (const act of did) yield* this.#once(number, act, () => this.#delivered(device, [act]));
      for (const message of said)
        yield* this.#once(number, message, () =>
          this.#delivered(device, this.#relay.repeated(message)),
        );
      for (const { placed } of kept.values())
        if (placed !== undefined)
          yield* this.#once(number, placed, () => this.#fromOtherLog(device, placed));
    }
  }

  #once(number: number, on: object, make: () => readonly Device[]): readonly number[] {
    const known = this.#next[number]?.get(on);
    if (known !== undefined) return known;
    const steps = (this.#steps[number] ?? 0) + 1;
    const device = this.device(number);
    const made = make().filter((after) => after !== device);
    const all = [...new Set(made.map((after) => this.add(after, steps)))];
    this.#next[number]?.set(on, all);
    return all;
  }

  /** What does not depend on the other devices. */
  #alone(device: Device): readonly Device[] {
    const { messages, lastSeq } = this.#bounds;
    const cursor = device.state?.seq ?? 0;
    const said = device.said.length < messages ? say(this.#rules, device) : undefined;
    const gaps = [1, 2]
      .filter((length) => cursor + length < lastSeq)
      .map((length) => tellGap(this.#rules, device, { from: cursor + 1, to: cursor + length }));
    const isBusy = device.did.length >= messages;
    const asked = isBusy ? [] : this.#relay.actsOf(device).map((act) => ask(device, act));
    const again = [...device.kept.values()].flatMap(({ placed }) =>
      placed === undefined ? [] : [deliver(this.#rules, device, placed)],
    );
    return [
      ...again,
      ...this.#delivered(device, this.#contentsFor(device)),
      ...asked,
      ...gaps,
      ...(this.#relay.isRemoving
        ? [readRemoval(device, ben.devices[1]!), connectAgain(device), catchUp(device)]
        : []),
      ...(said === undefined ? [] : [said]),
    ];
  }

  #delivered(device: Device, contents: readonly Content[]): readonly Device[] {
    return this.#placesOf(device).flatMap((seq) =>
      this.#placed(device, contents, seq, previousOf(device, seq) ?? elsewhere),
    );
  }

  /** Shows an event of another device's log, and what the relay can put after it. */
  #fromOtherLog(device: Device, placed: Placed): readonly Device[] {
    const shown = deliver(this.#rules, device, placed);
    const seq = placed.event.seq + 1;
    if (previousOf(device, seq) !== undefined || !this.#placesOf(device).includes(seq))
      return [shown];
    return [shown, ...this.#placed(device, this.#contentsFor(device), seq, placed.hash)];
  }

  #contentsFor(device: Device): readonly Content[] {
    return [...this.#relay.contentsFor(device), ...device.said, ...device.did];
  }

  #placed(
    device: Device,
    contents: readonly Content[],
    seq: number,
    previous: Hash,
  ): readonly Device[] {
    return contents.map((content) => deliver(this.#rules, device, place(content, seq, previous)));
  }

  /** The places at which a device may take an event. */
  #placesOf({ state }: Device): readonly number[] {
    const next = (state?.seq ?? 0) + 1;
    const mayPass = state?.joined !== true || state.afterGap || state.malformed;
    return (mayPass ? [next, next + 1, next + 2] : [next]).filter(
      (seq) => seq <= this.#bounds.lastSeq,
    );
  }

  #numberOf(path: string): number {
    const number = this.#numbers.get(path) ?? this.#numbers.size;
    if (number >= mostHistories) throw new RangeError("The search has too many histories.");
    this.#numbers.set(path, number);
    return number;
  }
}

/** Returns the hash that an event at a place must continue; undefined if the device does not know it. */
function previousOf(device: Device, seq: number): Hash | undefined {
  if (seq === 1) return beginning;
  return device.state?.seq === seq - 1 ? endOf(device) : undefined;
}
