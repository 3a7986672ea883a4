import { parseId, type DeviceId } from "../../../wire/ids.ts";
import type { Staging } from "./staging.ts";
import { names, prefixes } from "./store-names.ts";

/** The time for which former sessions are kept, for packets that arrive late. */
const keepMs = 30 * 86_400_000;
/**
 * The number of former sessions that are kept with each device. A device that sends fewer than 4,000
 * packets a day begins fewer in 30 days. A packet may be tried in each of them.
 */
const most = 128;

/**
 * Stores the session with `device`, if there is one, as a former session, which opens messages but is
 * not used to send. So a record has one session. If libsignal archived sessions inside a record, it would
 * make one current with the next message that it opens, and would then send in it. It would also forget
 * the oldest of 40, which a device that was away for weeks still needs.
 */
export async function putAside(staging: Staging, device: DeviceId, nowMs: number): Promise<void> {
  const record = await staging.get(names.session(device));
  if (record === undefined) return;
  staging.put(await nameForFormer(staging, device, nowMs), record);
  staging.delete(names.session(device));
  staging.delete(names.sendingChain(device));
}

/**
 * Returns the name for another former session with `device`. The oldest one is deleted if there are too
 * many.
 */
export async function nameForFormer(
  staging: Staging,
  device: DeviceId,
  nowMs: number,
): Promise<string> {
  const kept = await formerSessions(staging, device);
  for (const former of kept.slice(0, -most + 1)) staging.delete(former);
  return freeName(new Set(kept), device, nowMs);
}

function freeName(taken: ReadonlySet<string>, device: DeviceId, nowMs: number): string {
  let index = 0;
  while (taken.has(names.formerSession(device, nowMs, index))) index++;
  return names.formerSession(device, nowMs, index);
}

/** Returns the names of the former sessions with `device`, from the oldest to the newest. */
export const formerSessions = async (
  staging: Staging,
  device: DeviceId,
): Promise<readonly string[]> =>
  (await staging.namesUnder(names.formerSessions(device))).toSorted();

/** Deletes former sessions that are too old. */
export async function deleteExpiredSessions(staging: Staging, nowMs: number): Promise<void> {
  const all = await staging.namesUnder(prefixes.formerSession);
  const taken = new Set(all);
  for (const name of all) {
    const [, , device = "", sinceMs] = name.split("!");
    const ageMs = nowMs - Number(sinceMs);
    if (ageMs > keepMs) staging.delete(name);
    if (ageMs >= 0) continue;
    // The clock was ahead when it was put aside. Count from now, or it would be kept forever.
    const record = await staging.get(name);
    if (record === undefined) continue;
    const renamed = freeName(taken, parseId<DeviceId>(device), nowMs);
    taken.add(renamed);
    staging.put(renamed, record);
    staging.delete(name);
  }
}
