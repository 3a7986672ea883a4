import { fork, type ChildProcess } from "node:child_process";
import { constants, setPriority } from "node:os";

interface Reply {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Answers {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** `yielding` leaves the processors to the server and its database whenever they want them. */
export type Priority = "normal" | "yielding";

/** A child process that answers calls, apart from the server as a client is. */
export class ChildCalls<Call extends object> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, Answers>();
  #calls = 0;

  /** @param script the module that the process runs; it calls `answerCalls` */
  constructor(script: URL, priority: Priority = "normal") {
    this.#child = fork(script, { serialization: "advanced" });
    const { pid } = this.#child;
    if (priority === "yielding" && pid !== undefined)
      setPriority(pid, constants.priority.PRIORITY_LOW);
    this.#child.on("message", ({ id, value, error }: Reply) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#child.on("exit", () => {
      for (const { reject } of this.#waiting.values()) reject(new Error("a load process ended"));
    });
  }

  call(call: Call): Promise<unknown> {
    const id = ++this.#calls;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ ...call, id });
    });
  }

  end(): void {
    if (this.#child.connected) this.#child.disconnect();
  }
}

/** Answers the calls of the parent process until it disconnects. */
export function answerCalls(answer: (call: never) => Promise<unknown>): void {
  process.on("message", (call: { readonly id: number }) => {
    answer(call as never).then(
      (value) => process.send?.({ id: call.id, value } satisfies Reply),
      (error: unknown) => process.send?.({ id: call.id, error: String(error) } satisfies Reply),
    );
  });
  process.on("disconnect", () => process.exit(0));
}
