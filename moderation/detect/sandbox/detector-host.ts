import { ModerationError } from "../moderation-error.ts";

/** A thread that runs detectors: a `Worker` of the browser, or of Node. */
export interface DetectorThread {
  post(question: Question): void;
  /** Ends it at once, also in the middle of a loop. */
  terminate(): void;
}

/** What the thread reports. */
export interface ThreadEvents {
  readonly onAnswer: (answer: Answer) => void;
  /** It threw, ran out of memory, or ended. */
  readonly onFailed: () => void;
}

export interface Question {
  readonly id: number;
  readonly text: string;
}

export interface Answer {
  readonly id: number;
  /** What the detectors found, as structured data. */
  readonly findings: unknown;
}

export interface HostOptions<T> {
  /** Starts a thread. It limits its memory, where the platform can. */
  readonly start: (events: ThreadEvents) => DetectorThread;
  /** Checks an answer, which comes from code that may have been broken by its input. */
  readonly parse: (findings: unknown) => T;
  /** The time for one text in milliseconds. */
  readonly timeoutMs: number;
  /** Calls a function later. Returns what cancels it. */
  readonly after: (ms: number, act: () => void) => () => void;
}

/** The longest text that detectors are given, in UTF-16 code units. It is more than a message can have. */
export const maxTextLength = 128 * 1024;
/** The most texts that wait. */
const maxWaiting = 1000;

interface Waiting<T> extends Question {
  readonly resolve: (findings: T) => void;
  readonly reject: (error: ModerationError) => void;
}

/**
 * Runs detectors in a thread of their own, one text at a time. A detector that throws, does not end, or needs too much
 * memory costs its thread and the findings about that one text. The next text gets a new thread.
 */
export class DetectorHost<T> {
  readonly #options: HostOptions<T>;
  readonly #waiting: Waiting<T>[] = [];
  #thread: DetectorThread | undefined;
  #current: Waiting<T> | undefined;
  #cancelTimeout: () => void = () => undefined;
  #nextId = 1;

  constructor(options: HostOptions<T>) {
    this.#options = options;
  }

  /**
   * Returns what the detectors find in a text.
   * @throws ModerationError text_too_long; detector_failed: the message stays readable, and nobody was hurt
   */
  find(text: string): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (text.length > maxTextLength)
        return reject(
          new ModerationError("text_too_long", "The text is too long for the detectors."),
        );
      if (this.#waiting.length >= maxWaiting) return reject(failed("are too busy"));
      this.#waiting.push({ id: this.#nextId++, text, resolve, reject });
      this.#next();
    });
  }

  /** Ends the thread. What waits fails. */
  close(): void {
    this.#endThread();
    const left = this.#current === undefined ? this.#waiting : [this.#current, ...this.#waiting];
    this.#current = undefined;
    for (const { reject } of left.splice(0)) reject(failed("were closed"));
    this.#waiting.length = 0;
  }

  #next(): void {
    if (this.#current !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#current = next;
    this.#cancelTimeout = this.#options.after(this.#options.timeoutMs, () =>
      this.#fail("took too long"),
    );
    this.#thread ??= this.#start();
    this.#thread.post({ id: next.id, text: next.text });
  }

  #start(): DetectorThread {
    const thread = this.#options.start({
      onAnswer: (answer) => this.#answered(thread, answer),
      // A thread that was ended on purpose reports too.
      onFailed: () => thread === this.#thread && this.#fail("failed"),
    });
    return thread;
  }

  #answered(thread: DetectorThread, { id, findings }: Answer): void {
    const current = this.#current;
    if (thread !== this.#thread || current?.id !== id) return;
    this.#finish();
    try {
      current.resolve(this.#options.parse(findings));
    } catch (cause) {
      current.reject(failed("gave an unusable answer", cause));
    }
    this.#next();
  }

  #fail(why: string): void {
    const current = this.#current;
    this.#endThread();
    this.#finish();
    current?.reject(failed(why));
    this.#next();
  }

  #finish(): void {
    this.#cancelTimeout();
    this.#cancelTimeout = () => undefined;
    this.#current = undefined;
  }

  #endThread(): void {
    const thread = this.#thread;
    this.#thread = undefined;
    thread?.terminate();
  }
}

const failed = (why: string, cause?: unknown): ModerationError =>
  new ModerationError("detector_failed", `The detectors ${why}. The text was not judged.`, {
    cause,
  });
