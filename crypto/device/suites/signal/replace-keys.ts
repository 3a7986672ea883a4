import type { PreKeyUpload, ReplacementRequest } from "../../suite.ts";
import { lastResortIds, retireLongTerm } from "./long-term-prekeys.ts";
import { dropOwnKeys } from "./own-key.ts";
import { createPreKeys } from "./prekeys.ts";
import { loadSelf } from "./self.ts";
import type { Staging } from "./staging.ts";
import { names, prefixes } from "./store-names.ts";
import { parseId, type DeviceId } from "../../../wire/ids.ts";

/**
 * Replaces the keys that a store which is an older copy must not use any more. It does not know
 * which steps of its sending keys and sessions, and which one-time prekeys, were already used.
 * @throws SuiteError no_identity
 */
export async function replaceKeys(
  staging: Staging,
  { highestId, oneTime, nowMs }: ReplacementRequest,
): Promise<PreKeyUpload> {
  const self = await loadSelf(staging);
  await dropOwnKeys(staging, self.device);
  await putAsideSessions(staging, nowMs);
  await dropOneTimePreKeys(staging);
  await retireLongTerm(staging, nowMs);
  return createPreKeys(staging, { oneTime, nowMs, highestId });
}

/**
 * The number of former sessions that are kept with each device. A message may be tried in each of
 * them.
 */
const mostFormer = 4;

/**
 * Stores all sessions as former sessions, which open messages but are not used to send. If a
 * session were archived inside its own record, libsignal would make it current with the next
 * message that it opens, and would then send in it.
 */
async function putAsideSessions(staging: Staging, nowMs: number): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.session)) {
    const record = await staging.get(name);
    if (record === undefined) continue;
    const device = parseId<DeviceId>(name.slice(prefixes.session.length));
    const kept = await staging.namesUnder(names.formerSessions(device));
    for (const former of kept.toSorted().slice(0, -mostFormer + 1)) staging.delete(former);
    staging.put(names.formerSession(device, nowMs, kept.length), record);
    staging.delete(name);
  }
}

async function dropOneTimePreKeys(staging: Staging): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.preKey)) staging.delete(name);
  const lasting = await lastResortIds(staging);
  for (const name of await staging.namesUnder(prefixes.kyberPreKey))
    if (!lasting.has(Number(name.slice(prefixes.kyberPreKey.length)))) staging.delete(name);
}
