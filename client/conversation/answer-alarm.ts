import type { Clock } from "../runtime.ts";

const answerWithinMs = 30_000;

/** Reports that the relay has not answered in time. */
export class AnswerAlarm {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
  }

  /** Starts the alarm, unless it is running. */
  start(): void {
    this.#cancel ??= this.#clock.after(answerWithinMs, this.#onSilence);
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** Starts again after an answer, if other messages are still unanswered. */
  answered(isUnanswered: boolean): void {
    this.stop();
    if (isUnanswered) this.start();
  }
}
