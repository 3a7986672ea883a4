import { z } from "zod";
import type { DeviceHint, HeadHint, Hint } from "./hints.ts";

const uuid = z.guid();
const count = z.int().nonnegative();
const payloadSchema = z.object({
  node: z.string(),
  heads: z.array(z.tuple([uuid, uuid, count, z.boolean()])),
  devices: z.array(z.tuple([uuid, count])),
});
type Payload = z.output<typeof payloadSchema>;

/** As many heads or devices as stay below PostgreSQL's limit of 8,000 bytes a notification. */
const PER_PAYLOAD = 70;

/** The payloads that say all this, none longer than 8,000 bytes. */
export function encodeHints(
  node: string,
  heads: readonly HeadHint[],
  devices: readonly DeviceHint[],
): string[] {
  const payloads: Payload[] = [
    ...chunks(heads).map((some) => ({
      node,
      heads: some.map(({ tenant, conversation, seq, membership }): Payload["heads"][number] => [
        tenant,
        conversation,
        seq,
        membership,
      ]),
      devices: [],
    })),
    ...chunks(devices).map((some) => ({
      node,
      heads: [],
      devices: some.map(({ device, since }): Payload["devices"][number] => [device, since]),
    })),
  ];
  return payloads.map((payload) => JSON.stringify(payload));
}

/** @returns undefined for what this version of Sealdesk does not say. */
export function decodeHint(text: string): (Hint & { readonly node: string }) | undefined {
  const parsed = payloadSchema.safeParse(jsonOf(text));
  if (!parsed.success) return undefined;
  const { node, heads, devices } = parsed.data;
  return {
    node,
    heads: heads.map(([tenant, conversation, seq, membership]) => ({
      tenant,
      conversation,
      seq,
      membership,
    })),
    devices: devices.map(([device, since]) => ({ device, since })),
  };
}

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
