import type { Uuid } from "../../crypto/wire/uuid.ts";
import type { SigningKeyPair } from "../../crypto/device/sodium.ts";
import { createApi, type Api } from "../http/api.ts";
import { proofMaker, thumbprintOf, type ProofMaker } from "../http/device-proof.ts";
import { Session, type SignedIn } from "../http/session.ts";
import { createExchange, type ExchangeDeps } from "../http/transport.ts";
import type { ConnectOptions } from "../options.ts";
import { idMaker, ServerClock, type Runtime } from "../runtime.ts";
import { ownDevice } from "./account.ts";

/** A device with a session. It may not be registered yet. */
export interface SignedInDevice {
  readonly device: Uuid;
  readonly deviceKey: SigningKeyPair;
  readonly signedIn: SignedIn;
  readonly session: Session;
  readonly api: Api;
  readonly clock: ServerClock;
  readonly newId: () => Uuid;
  readonly prove: ProofMaker;
  readonly transport: ExchangeDeps;
}

/**
 * Signs in with the store's device key. The first run makes the key.
 * @param signal aborts every request of the session
 * @throws SealdeskError sign_in_failed, rate_limited, network, device_revoked
 */
export async function signInDevice(
  { store, url: baseUrl, credentials }: ConnectOptions,
  runtime: Runtime,
  signal: AbortSignal,
): Promise<SignedInDevice> {
  const clock = new ServerClock(runtime.clock);
  const newId = idMaker(clock);
  const { device, deviceKey } = await ownDevice(store, newId);
  const prove = proofMaker(deviceKey, clock);
  const transport = { ...runtime, clock, baseUrl, prove, signal };
  const session = new Session(
    createExchange(transport),
    credentials,
    clock,
    thumbprintOf(deviceKey),
  );
  const signedIn = await session.signIn();
  const api = createApi((request) => session.request(request), signedIn.tenant.id);
  return { device, deviceKey, signedIn, session, api, clock, newId, prove, transport };
}
