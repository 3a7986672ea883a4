import type { PreKeyUpload, ReplacementRequest } from "../../suite.ts";
import { lastResortIds, retireLongTerm } from "./long-term-prekeys.ts";
import { dropOwnKeys } from "./own-key.ts";
import { createPreKeys } from "./prekeys.ts";
import { loadSelf } from "./self.ts";
import type { Staging } from "./staging.ts";
import { names, prefixes } from "./store-names.ts";

/**
 * Replaces what a store that is an older copy must not go on with: steps of its sending keys and
 * sessions, and one-time prekeys, may have been used without its knowing.
 * @throws SuiteError no_identity
 */
export async function replaceKeys(
  staging: Staging,
  { highestId, oneTime, now }: ReplacementRequest,
): Promise<PreKeyUpload> {
  const self = await loadSelf(staging);
  await dropOwnKeys(staging, self.device);
  await putAsideSessions(staging, now);
  await dropOneTimePreKeys(staging);
  await retireLongTerm(staging, now);
  return createPreKeys(staging, { oneTime, now, highestId });
}

/**
 * A session that was put aside opens messages, and is sent in no more: were it archived in its place,
 * libsignal would make it the current one with the next message that it opens, and send in it.
 */
async function putAsideSessions(staging: Staging, now: number): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.session)) {
    const record = await staging.get(name);
    if (record === undefined) continue;
    staging.put(names.formerSession(name.slice(prefixes.session.length)), record);
    staging.delete(name);
  }
  const since = new Uint8Array(8);
  new DataView(since.buffer).setFloat64(0, now);
  staging.put(names.formerSince, since);
}

async function dropOneTimePreKeys(staging: Staging): Promise<void> {
  for (const name of await staging.namesUnder(prefixes.preKey)) staging.delete(name);
  const lasting = await lastResortIds(staging);
  for (const name of await staging.namesUnder(prefixes.kyberPreKey))
    if (!lasting.has(Number(name.slice(prefixes.kyberPreKey.length)))) staging.delete(name);
}
