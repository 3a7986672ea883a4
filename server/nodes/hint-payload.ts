import { z } from "zod";
import { activityKinds, presenceStates } from "../../crypto/wire/frame.ts";
import type { Hint } from "./hints.ts";

const uuid = z.guid();
const count = z.int().nonnegative();
const oneOf = <K extends string>(names: Readonly<Record<K, number>>) =>
  z.enum(Object.keys(names) as K[]);

/**
 * A PostgreSQL notification is small, so each hint is written as the list of its values in this
 * order.
 */
const shapes = {
  heads: z.tuple([uuid, uuid, count, z.boolean()]),
  devices: z.tuple([uuid, count]),
  ended: z.tuple([uuid, uuid]),
  activities: z.tuple([uuid, uuid, oneOf(activityKinds), count]),
  presences: z.tuple([uuid, uuid, oneOf(presenceStates), count]),
};
const names = {
  heads: ["tenant", "conversation", "seq", "membership"],
  devices: ["device", "sinceMicros"],
  ended: ["tenant", "device"],
  activities: ["conversation", "device", "kind", "seq"],
  presences: ["tenant", "user", "state", "sinceMs"],
} as const;
type Kind = keyof Hint;
const kinds = Object.keys(names) as Kind[];

const senderSchema = z.object({
  node: z.string(),
  /**
   * The time when the payload was sent, by the sending node's own clock. Only that node can
   * interpret it.
   */
  at: z.number(),
  /**
   * The time when the sending node last began to listen, by the same clock. Older versions leave it
   * out.
   */
  listeningSinceMs: z.number().default(0),
});
const payloadSchema = senderSchema.extend({
  heads: z.array(shapes.heads).default([]),
  devices: z.array(shapes.devices).default([]),
  ended: z.array(shapes.ended).default([]),
  activities: z.array(shapes.activities).default([]),
  presences: z.array(shapes.presences).default([]),
});

/** The number of hints that fit below PostgreSQL's limit of 8,000 bytes per notification. */
const PER_PAYLOAD = 60;

/** The sending node, the time of sending, and since when the node has been listening. */
export interface Sender {
  readonly node: string;
  readonly at: number;
  readonly listeningSinceMs: number;
}

/** Encodes the hints in one or more payloads, each at most 8,000 bytes. */
export function encodeHints(sender: Sender, hint: Partial<Hint>): string[] {
  const payloads = kinds.flatMap((kind) =>
    chunks<object>(hint[kind] ?? []).map((some) => ({
      ...sender,
      [kind]: some.map(valuesOf(kind)),
    })),
  );
  return (payloads.length > 0 ? payloads : [sender]).map((payload) => JSON.stringify(payload));
}

/**
 * Reads only who sent a payload and when. A node receives its own payloads too and need not read
 * them.
 */
export function senderOf(text: string): Sender | undefined {
  return senderSchema.safeParse(jsonOf(text)).data;
}

/** @returns undefined for a payload that this version of Sealdesk does not know */
export function decodeHint(text: string): (Hint & Sender) | undefined {
  const parsed = payloadSchema.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { node, at, listeningSinceMs, ...lists } = parsed.data;
  const hint = Object.fromEntries(kinds.map((kind) => [kind, lists[kind].map(namedBy(kind))]));
  return { node, at, listeningSinceMs, ...(hint as unknown as Hint) };
}

const valuesOf = (kind: Kind) => (one: object) =>
  names[kind].map((name) => (one as Readonly<Record<string, unknown>>)[name]);
const namedBy = (kind: Kind) => (values: readonly unknown[]) =>
  Object.fromEntries(names[kind].map((name, index) => [name, values[index]]));

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function chunks<T>(all: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / PER_PAYLOAD) }, (_, index) =>
    all.slice(index * PER_PAYLOAD, (index + 1) * PER_PAYLOAD),
  );
}
