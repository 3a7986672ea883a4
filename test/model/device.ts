/** A device of the model: what it keeps of the conversation, and what it has shown to its user. */
import { itemsOf } from "../../client/conversation/history.ts";
import { otherDevices } from "../../client/conversation/state.ts";
import type { Facts, Step } from "../../client/conversation/step.ts";
import type { Trust } from "../../client/device/trust.ts";
import { needsReceipt } from "../../crypto/wire/receipt-checks.ts";
import type { DeviceId } from "../../crypto/wire/ids.ts";
import { deviceName, everybody, ownerOf, roleOf, type Owner } from "./cast.ts";
import {
  beginning,
  seal,
  type Content,
  type Hash,
  type LastSeen,
  type Message,
  type Placed,
  type Said,
} from "./events.ts";
import type { Device, Kept } from "./known.ts";
import { isSilencedFor, open } from "./open.ts";
import type { Rules } from "./rules.ts";
import { nobody, pairsOf, shownAfter } from "./shown.ts";

export const asleep = (owner: Owner): Device => ({
  owner,
  path: `${owner.name}:`,
  state: undefined,
  kept: new Map(),
  said: [],
  did: [],
  shown: nobody,
  hello: 1,
  caughtUp: 0,
  removals: new Map(),
});

/** Returns the hash that the device's log ends with; undefined if it does not know it. */
export const endOf = ({ state, kept }: Device): Hash | undefined =>
  state === undefined ? beginning : kept.get(state.seq)?.placed?.hash;

/** Delivers an event. Returns the same device if it does not take the event into its log. */
export function deliver(rules: Rules, device: Device, placed: Placed): Device {
  const { event, content, previous, read } = placed;
  const { state, owner } = device;
  if (rules.classifyEvent(state, event, read?.control, owner).kind !== "next") return device;
  const facts = factsOf(rules, device, placed);
  const made = rules.step(state, event, facts, owner);
  const items = itemsOf(event.seq, made.record, owner);
  const isShown = facts.kind === "message" && facts.opened.text !== undefined;
  const kept = new Map(device.kept);
  if (made.passed !== undefined) keepGap(kept, made.passed, { ...device, state: made.state });
  kept.set(event.seq, {
    placed,
    items,
    said: isShown && content.kind === "message" ? content.said : undefined,
    after: made.state,
    caughtUp: device.caughtUp,
    members: pairsOf(made.state.members).join(),
  });
  const from = previous === endOf(device) ? "" : ` (after {${previous.covers}})`;
  return {
    ...device,
    path: `${device.path} ${event.seq} ${content.label}${from};`,
    state: made.state,
    kept,
    shown: shownAfter(device.shown, items, made.state.members),
  };
}

function keepGap(
  kept: Map<number, Kept>,
  { from, to }: { readonly from: number; readonly to: number },
  { state: after, caughtUp }: Pick<Step, "state"> & Pick<Device, "caughtUp">,
): void {
  const item = { kind: "gap", seq: to, from, to, reason: "purged" } as const;
  const shown = { placed: undefined, items: [item], said: undefined };
  kept.set(to, { ...shown, after, caughtUp, members: "" });
}

function factsOf(rules: Rules, device: Device, { event, content, read }: Placed): Facts {
  if (content.kind === "message")
    return {
      kind: "message",
      opened: open(rules, device, event, content.said),
      certified: ownerOf(event.senderDevice).user,
    };
  if (read === undefined) throw new TypeError("Every other event has a control record.");
  const at = { ...event, kind: content.kind };
  const { control, carried, receipt } = read;
  const after = carried?.after.seq;
  const followed =
    after === event.seq - 1 ? event.previousHash : device.kept.get(after ?? 0)?.placed?.hash.bytes;
  // The relay's own account is certified like any other, as an agent.
  const certified = { role: roleOf(control.actor) };
  const found = receipt && { receipt, followed, certified };
  const judged = rules.judgeControl(device.state, at, control, device.owner, found);
  const isSilent = isSilencedFor(rules, device, event.senderDevice);
  const isProved =
    content.isSigned && !isSilent && judged.kind === "accepted" && judged.receipt !== undefined;
  // As `membershipFacts` does.
  const verdict =
    judged.kind === "accepted" && !isProved
      ? rules.withoutReceipt(device.state, content.kind, judged, device.owner)
      : judged;
  const lacks = verdict.kind === "accepted" && !isProved && needsReceipt(content.kind);
  const problems = lacks ? [{ code: "invalid_receipt", user: control.actor } as const] : [];
  const enters = verdict.kind === "accepted" && verdict.enters;
  const valid = enters ? content.genuine : undefined;
  return { kind: "membership", verdict, valid, certified: everybody, problems };
}

/** Tells a device that events are gone. Returns the same device if it does not take that. */
export function tellGap(
  rules: Rules,
  device: Device,
  gap: { readonly from: number; readonly to: number },
): Device {
  const place = rules.classifyGap(device.state, gap);
  if (place.kind !== "next") return device;
  const { to } = gap;
  const state = rules.stateAfterGap(device.state, to);
  const kept = new Map(device.kept);
  keepGap(kept, { from: place.from, to }, { ...device, state });
  const path = `${device.path} ${place.from} to ${to} are gone;`;
  return { ...device, path, state, kept };
}

/** Returns the device after it read in the key log that a device was removed. */
export const readRemoval = (device: Device, removed: DeviceId): Device =>
  device.removals.has(removed)
    ? device
    : {
        ...device,
        path: `${device.path} reads that ${deviceName(removed)} was removed;`,
        removals: new Map([...device.removals, [removed, device.hello]]),
      };

/** Returns the device after it said hello again. */
export const connectAgain = (device: Device): Device => ({
  ...device,
  path: `${device.path} connects again;`,
  hello: device.hello + 1,
});

/** Returns the device after it got all events that the relay had at the last hello, as far as the relay says. */
export const catchUp = (device: Device): Device =>
  device.caughtUp === device.hello
    ? device
    : { ...device, path: `${device.path} has caught up;`, caughtUp: device.hello };

/** Returns the device after it sealed a message; undefined if it refuses to. */
export function say(rules: Rules, device: Device): Device | undefined {
  const { state, owner } = device;
  const readers = readersOf(rules, device);
  if (state === undefined || readers === undefined) return undefined;
  const made = sealWith(device, { author: owner, epoch: state.epoch, readers });
  const path = `${device.path} says something to ${readers.map(deviceName).join(" ") || "nobody"};`;
  return { ...device, path, said: [...device.said, made] };
}

/** Returns the device after its user asked for a change of the members. */
export const ask = (device: Device, act: Content): Device => ({
  ...device,
  path: `${device.path} asks for ${act.label};`,
  did: [...device.did, act],
});

/** Seals a message whose author has the log of a device. */
export function sealWith(
  { kept }: Pick<Device, "kept">,
  said: Pick<Said, "author" | "epoch" | "readers">,
): Message {
  const saw = [...kept].flatMap(([seq, { placed }]) =>
    placed === undefined ? [] : [[seq, placed.hash] as const],
  );
  return seal({ ...said, saw: new Map(saw) }, lastSeenOf({ kept }));
}

/** Returns the last event that a device has. */
export function lastSeenOf({ kept }: Pick<Device, "kept">): LastSeen {
  const placed = [...kept.values()].flatMap((each) => each.placed ?? []).at(-1);
  return placed === undefined
    ? { seq: 0, hash: beginning }
    : { seq: placed.event.seq, hash: placed.hash };
}

/** Returns the devices that a device would seal for; undefined if it seals nothing. */
export function readersOf(rules: Rules, { state, owner }: Device): readonly DeviceId[] | undefined {
  if (state === undefined || !rules.isMember(state)) return undefined;
  const isSound =
    rules.findMislistedMember({ trust, ownDevice: owner.device }, state) === undefined;
  return isSound ? otherDevices(state, owner.device) : undefined;
}

/** Every device of the model is certified and in the key log, and every role is certified. */
const trust = { device: ownerOf } as unknown as Trust;
