import type { PreKeyUpload, ReplacementRequest } from "../../suite.ts";
import { lastResortIds, retireLongTerm } from "./long-term-prekeys.ts";
import { putAside } from "./former-sessions.ts";
import { dropOwnKeys } from "./own-key.ts";
import { createPreKeys } from "./prekeys.ts";
import { loadSelf } from "./self.ts";
import type { Staging } from "./staging.ts";
import { prefixes } from "./store-names.ts";
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

async function putAsideSessions(staging: Staging, nowMs: number): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.session))
    await putAside(staging, parseId<DeviceId>(name.slice(prefixes.session.length)), nowMs);
}

async function dropOneTimePreKeys(staging: Staging): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.preKey)) staging.delete(name);
  const lasting = await lastResortIds(staging);
  for (const name of await staging.namesUnder(prefixes.kyberPreKey))
    if (!lasting.has(Number(name.slice(prefixes.kyberPreKey.length)))) staging.delete(name);
}
