import type { Uuid } from "../../../crypto/wire/uuid.ts";
import { parseId, type DeviceId } from "../../../crypto/wire/ids.ts";

/** A message that `send` reported to be in the log. */
export interface Accepted {
  readonly id: Uuid;
  readonly seq: number;
}

/** A message that a conversation's iterator yielded. */
export interface Received {
  readonly seq: number;
  readonly id: Uuid;
  /** The hash of the text. */
  readonly hash: string;
  readonly own: boolean;
}

/** A problem that an iterator reported. */
export interface Problem {
  readonly seq: number;
  readonly code: string;
}

/** The records of one device over all its lives, in order. */
export interface Journal {
  /** Known once the device is registered. */
  readonly device?: DeviceId;
  readonly accepted: readonly Accepted[];
  readonly received: readonly Received[];
  /** Each problem once, although a restarted device is told again. */
  readonly problems: readonly Problem[];
  /** Why messages were not sent or readers ended, by the SDK's codes. */
  readonly refusals: readonly string[];
  /** True if the device is in its conversation. */
  readonly met: boolean;
  /** True if the device's last message is in the log. */
  readonly saidGoodbye: boolean;
}

/** One line of a journal. */
export type JournalLine =
  | { readonly kind: "device"; readonly device: DeviceId }
  | ({ readonly kind: "accepted" } & Accepted)
  | ({ readonly kind: "received" } & Received)
  | ({ readonly kind: "problem" } & Problem)
  | { readonly kind: "refused"; readonly code: string }
  | { readonly kind: "met" }
  | { readonly kind: "goodbye" };

export function formatLine(line: JournalLine): string {
  switch (line.kind) {
    case "device":
      return `device ${line.device}`;
    case "accepted":
      return `accepted ${line.id} ${line.seq}`;
    case "received":
      return `received ${line.seq} ${line.id} ${line.hash} ${line.own ? "own" : "other"}`;
    case "problem":
      return `problem ${line.seq} ${line.code}`;
    case "refused":
      return `refused ${line.code}`;
    case "met":
    case "goodbye":
      return line.kind;
  }
}

/**
 * Parses one line.
 * @throws Error if it is not a line of a journal
 */
export function parseLine(line: string): JournalLine {
  const [kind, first = "", second = "", third = "", fourth] = line.split(" ");
  switch (kind) {
    case "device":
      return { kind, device: parseId<DeviceId>(first) };
    case "accepted":
      return { kind, id: first, seq: Number(second) };
    case "received":
      return { kind, seq: Number(first), id: second, hash: third, own: fourth === "own" };
    case "problem":
      return { kind, seq: Number(first), code: second };
    case "refused":
      return { kind, code: first };
    case "met":
    case "goodbye":
      return { kind };
    default:
      throw new Error(`not a line of a journal: ${line}`);
  }
}
