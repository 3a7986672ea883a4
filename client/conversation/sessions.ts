import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { Suite } from "../../crypto/device/suite.ts";
import type { Trust } from "../device/trust.ts";
import { codeOf, SealdeskError } from "../errors.ts";
import type { Api } from "../http/api.ts";
import { otherDevices, type ConversationState } from "./state.ts";

export interface SessionDeps {
  readonly store: DeviceStore;
  readonly suite: Suite;
  readonly trust: Trust;
  readonly api: Pick<Api, "takeBundle">;
  readonly ownDevice: Uuid;
}

/**
 * Makes sure that every other member device is certified by the member it is listed under, looking
 * up those not seen yet. A relay may list one user's device as another's.
 * @throws SealdeskError untrusted_member, naming the user; or transient
 */
export async function assertTrusted(deps: SessionDeps, state: ConversationState): Promise<void> {
  const { store, trust, ownDevice } = deps;
  const isUnknown = (device: Uuid) => trust.device(device) === undefined;
  if (!otherDevices(state, ownDevice).some(isUnknown)) return assertOwners(deps, state);
  const found = await trust.lookUp(state.members, ownDevice);
  const { committed } = await store.transact((transaction) => trust.admit(transaction, found));
  committed();
  assertOwners(deps, state);
}

function assertOwners(deps: SessionDeps, state: ConversationState): void {
  const user = findMislistedMember(deps, state);
  if (user !== undefined) throw untrusted(user);
}

/**
 * A member under whom a device is listed that is not known to be theirs; undefined when every one
 * is. To be asked again of the state that is sealed for, which may be later than the one looked at.
 */
export function findMislistedMember(
  { trust, ownDevice }: Pick<SessionDeps, "trust" | "ownDevice">,
  state: ConversationState,
): Uuid | undefined {
  const isTheirs = (user: Uuid, device: Uuid) =>
    device === ownDevice || trust.device(device)?.user === user;
  return state.members.find(({ user, devices }) => !devices.every((each) => isTheirs(user, each)))
    ?.user;
}

/**
 * Starts a session with each of `devices` from a bundle of its prekeys. The bundle's identity key
 * must be the certified one.
 * @throws SealdeskError untrusted_member; or what the server answers
 */
export async function establishSessions(
  { store, suite, trust, api }: SessionDeps,
  devices: readonly Uuid[],
): Promise<void> {
  for (const device of devices) {
    const bundle = await api.takeBundle(device);
    try {
      if (bundle.device !== device)
        throw new SealdeskError("invalid_response", "The bundle is another device's.");
      await store.transact((transaction) => suite.establish(transaction, bundle));
    } catch (error) {
      const code = codeOf(error, "SuiteError");
      if (code === "untrusted_identity" || code === "invalid_bundle")
        throw untrusted(trust.device(device)?.user, error);
      throw error;
    }
  }
}

const untrusted = (user: Uuid | undefined, cause?: unknown): SealdeskError =>
  new SealdeskError("untrusted_member", "A member's device is not certified by its account.", {
    user,
    cause,
  });
