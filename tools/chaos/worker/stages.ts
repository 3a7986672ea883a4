/** What the devices are doing, one after the other; a process started later starts in the present one. */
export const stages = [
  /** Signing in; the first time, registering. */
  "enrol",
  /** The customers begin the conversations, everyone reads along. */
  "meet",
  /** Everyone sends. */
  "talk",
  /** Everyone sends one last message, and reads on. */
  "goodbye",
  /** Everyone closes their device. */
  "end",
] as const;

export type Stage = (typeof stages)[number];

/** Which stage it is, for whoever waits for one. */
export class Stages {
  #present: Stage;
  #waiting: (() => void)[] = [];

  constructor(present: Stage) {
    this.#present = present;
  }

  get present(): Stage {
    return this.#present;
  }

  enter(stage: Stage): void {
    this.#present = stage;
    for (const look of this.#waiting.splice(0)) look();
  }

  /** Resolves when it is `stage`, or a later one. */
  async reached(stage: Stage): Promise<void> {
    while (stages.indexOf(this.#present) < stages.indexOf(stage))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
