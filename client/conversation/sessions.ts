import type { UserId, DeviceId } from "../../crypto/wire/ids.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Trust } from "../device/trust.ts";
import type { ListFreshness } from "../key-log/list-freshness.ts";
import { codeOf, isProblem, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import type { Clock } from "../runtime.ts";
import { otherDevices, type ConversationState } from "./state.ts";

export interface EstablishDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly api: Pick<Api, "takeBundle">;
  /** The time that this device measures by itself. */
  readonly localClock: Clock;
}

export interface SessionDeps extends EstablishDeps {
  readonly trust: Trust;
  readonly lists: Pick<ListFreshness, "refresh" | "now">;
  readonly ownDevice: DeviceId;
}

/**
 * Makes sure that every other member device is certified by the member it is listed under. Looks up
 * the devices that are not known yet, and the lists that have expired. A relay might list one user's device under another user.
 * @throws SealdeskError untrusted_member, which names the user; or a transient one
 */
export async function assertTrusted(deps: SessionDeps, state: ConversationState): Promise<void> {
  const { store, trust, lists, ownDevice } = deps;
  const isUnknown = (device: DeviceId) => trust.device(device) === undefined;
  if (otherDevices(state, ownDevice).some(isUnknown)) {
    const found = await trust.lookUp(state.members, ownDevice);
    const { committed } = await store.transact((transaction) => trust.admit(transaction, found));
    committed();
  }
  await lists.refresh(state.members);
  assertOwners(deps, state);
}

function assertOwners(deps: SessionDeps, state: ConversationState): void {
  const user = findMislistedMember(deps, state);
  if (user !== undefined) throw untrusted(user);
}

/**
 * Returns a member who has a listed device that is not known to be theirs, or who changed the conversation
 * under an account key that nobody has accepted (R26). Returns undefined if there is none. Call it again with
 * the state that you seal for, which may be newer than the state that you checked.
 */
export function findMislistedMember(
  { trust, ownDevice }: Pick<SessionDeps, "trust" | "ownDevice">,
  state: ConversationState,
): UserId | undefined {
  const isTheirs = (user: UserId, device: DeviceId) =>
    device === ownDevice || trust.device(device)?.user === user;
  const mislisted = state.members.find(
    ({ user, devices }) => !devices.every((each) => isTheirs(user, each)),
  );
  return mislisted?.user ?? state.unaccepted.find((key) => !trust.hasAccepted(key))?.user;
}

/**
 * Starts a session with each of `devices` from a bundle of its prekeys. The bundle's identity key
 * must be the certified one.
 * @returns the devices whose bundles cannot be used. They must not keep others from being written to.
 * @throws SealdeskError untrusted_member, or the server's error
 */
export async function establishSessions(
  deps: SessionDeps,
  devices: readonly DeviceId[],
): Promise<readonly DeviceId[]> {
  const unusable: DeviceId[] = [];
  for (const device of devices) {
    try {
      await establishSession(deps, device);
    } catch (error) {
      if (isUnusable(error)) unusable.push(device);
      else if (codeOf(error, "SuiteError") === "untrusted_identity")
        throw untrusted(deps.trust.device(device)?.user, error);
      else throw error;
    }
  }
  return unusable;
}

/**
 * Starts a session with `device` from a bundle of its prekeys.
 * @throws SuiteError untrusted_identity, invalid_bundle; SealdeskError
 */
export async function establishSession(
  { store, suite, api, localClock }: EstablishDeps,
  device: DeviceId,
): Promise<void> {
  const bundle = await api.takeBundle(device);
  if (bundle.device !== device)
    throw new SealdeskError("invalid_response", "The bundle belongs to another device.");
  await store.transact((transaction) => suite.establish(transaction, bundle, localClock.now()));
}

/**
 * Returns whether the device published unusable prekeys, or none. Only its owner can change that.
 */
const isUnusable = (error: unknown): boolean =>
  codeOf(error, "SuiteError") === "invalid_bundle" || isProblem(error, "no_prekeys");

const untrusted = (user: UserId | undefined, cause?: unknown): SealdeskError =>
  new SealdeskError("untrusted_member", "A member's device is not certified by its account.", {
    user,
    cause,
  });
