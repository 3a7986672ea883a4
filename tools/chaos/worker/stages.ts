/**
 * The stages of the devices' work, one after another. A process that starts later starts in the
 * current one.
 */
export const stages = [
  /** Signing in, and registering the first time. */
  "enrol",
  /** The customers begin the conversations. Everybody reads along. */
  "meet",
  /** Everybody sends. */
  "talk",
  /** Everybody sends one last message and reads on. */
  "goodbye",
  /** Everybody closes their device. */
  "end",
] as const;

export type Stage = (typeof stages)[number];

/** The current stage. You can wait for one. */
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

  /** Resolves when the stage is `stage` or a later one. */
  async reached(stage: Stage): Promise<void> {
    while (stages.indexOf(this.#present) < stages.indexOf(stage))
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
