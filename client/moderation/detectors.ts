import type { Findings } from "../../moderation/detect/find-all.ts";
import {
  DetectorHost,
  type Answer,
  type DetectorThread,
  type ThreadEvents,
} from "../../moderation/detect/sandbox/detector-host.ts";
import type { Conversation } from "../conversation/conversation.ts";

/** What is used of a `Worker` of the browser. Programs without a DOM have no such type. */
export interface WebWorker {
  postMessage(message: unknown, transfer: []): void;
  terminate(): void;
  addEventListener(type: "message", listener: (event: { readonly data: Answer }) => void): void;
  addEventListener(type: "error" | "messageerror", listener: () => void): void;
}

/** The time for the detectors to judge one text. It is long, because the device may be slow. */
const timeoutMs = 5000;

/**
 * Detectors that judge messages on this device, in a thread of their own. They judge nothing without the customer's
 * fresh consent. What they find leaves the device only if a person reports it.
 */
export class Detectors {
  readonly #host: DetectorHost<Findings>;

  /** @param start starts the thread: `webThread` in a browser, `openDetectors` of `@sealdesk/client/node` in Node */
  constructor(start: (events: ThreadEvents) => DetectorThread) {
    const after = (ms: number, act: () => void) => {
      const timer = setTimeout(act, ms);
      return () => clearTimeout(timer);
    };
    const parse = (findings: unknown) => findings as Findings;
    this.#host = new DetectorHost({ start, parse, timeoutMs, after });
  }

  /**
   * Returns what the detectors find in a message of a conversation.
   * @throws SealdeskError consent_required, consent_unverified and others of `Conversation.requireConsent`
   * @throws ModerationError detector_failed, text_too_long: show the message without findings
   */
  async find(conversation: Pick<Conversation, "requireConsent">, text: string): Promise<Findings> {
    await conversation.requireConsent("moderation");
    const findings = await this.#host.find(text);
    // The customer may have withdrawn while the text was judged.
    await conversation.requireConsent("moderation");
    return findings;
  }

  /** Ends the thread. */
  close(): void {
    this.#host.close();
  }
}

/**
 * Starts a worker of the browser as the thread of `Detectors`. Its script answers each `{ id, text }` with
 * `{ id, findings }`, where `findings` comes from `createDetectors`. A browser sets no limit to a worker's memory, but
 * ends the worker alone.
 * @param create such as `() => new Worker(new URL("./detectors-worker.js", import.meta.url), { type: "module" })`
 */
export const webThread =
  (create: () => WebWorker) =>
  ({ onAnswer, onFailed }: ThreadEvents): DetectorThread => {
    const worker = create();
    worker.addEventListener("message", ({ data }) => onAnswer(data));
    worker.addEventListener("error", onFailed);
    worker.addEventListener("messageerror", onFailed);
    return {
      post: (question) => worker.postMessage(question, []),
      terminate: () => worker.terminate(),
    };
  };
