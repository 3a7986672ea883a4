import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { WebSocket } from "ws";
import { openStore, webSocket } from "../../client/index.node.ts";
import {
  Sealdesk,
  type BackoffLimits,
  type Credentials,
  type KeepaliveLimits,
  type WebSocketConstructor,
} from "../../client/index.ts";
import type { DeviceStore } from "../../crypto/device/store.ts";
import type { RotationLimits, Suite } from "../../crypto/device/suite.ts";
import { signalSuite } from "../../crypto/device/suites/signal/index.ts";

/** A device's place on disk and what unlocks it. */
export interface DeviceHome {
  readonly folder: string;
  readonly key: Uint8Array;
  /**
   * The device's network address, as a load balancer would report it. The server limits sign-ins by
   * it.
   */
  readonly address: string;
}

/** A device that is switched on. */
export interface ConnectedDevice {
  readonly sealdesk: Sealdesk;
  /** Cuts the connection. The SDK makes another. */
  readonly cut: () => void;
}

/** The choices of an application for its devices. */
export interface DeviceChoices {
  readonly limits?: RotationLimits;
  readonly webSocket?: WebSocketConstructor;
  readonly backoff?: Partial<BackoffLimits>;
  readonly keepalive?: KeepaliveLimits;
}

let devices = 0;

/** Creates a device with an empty folder of its own below `folder`. */
export function newDeviceHome(folder: string): DeviceHome {
  const number = ++devices;
  const address = `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  return { folder: join(folder, `device-${number}`), key: randomBytes(32), address };
}

/** The limits of sending keys, unless a tenant sets others. */
const usualLimits: RotationLimits = { maxMessages: 100, maxAgeMs: 3_600_000 };

export const newSuite = (limits = usualLimits): Suite => signalSuite(limits);

export const openDeviceStore = ({ folder, key }: DeviceHome): Promise<DeviceStore> =>
  openStore(folder, key);

/**
 * Switches a device on. It signs in, and registers the device the first time.
 * @throws SealdeskError
 */
export async function connectDevice(
  url: string,
  home: DeviceHome,
  credentials: Credentials,
  { limits, ...choices }: DeviceChoices = {},
): Promise<ConnectedDevice> {
  const store = await openDeviceStore(home);
  const connection = severable();
  try {
    const sealdesk = await Sealdesk.connect({
      url,
      credentials,
      suite: newSuite(limits),
      store,
      webSocket: connection.webSocket,
      ...choices,
      runtime: {
        fetch: (target, init) =>
          fetch(target, { ...init, headers: { ...init.headers, "x-forwarded-for": home.address } }),
      },
    });
    return { sealdesk, cut: connection.cut };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** A device's connections. The current one can be cut. */
interface Severable {
  readonly webSocket: WebSocketConstructor;
  /** Ends the TCP connection without notice, as when a train enters a tunnel. */
  readonly cut: () => void;
}

/** Returns the SDK's own socket for Node, with a handle on the one in use. */
function severable(): Severable {
  const base = webSocket as unknown as new (url: string, protocols: string) => WebSocket;
  let present: WebSocket | undefined;
  class Socket extends base {
    constructor(url: string, protocols: string) {
      super(url, protocols);
      remember(this);
    }
  }
  const remember = (socket: WebSocket) => void (present = socket);
  return {
    webSocket: Socket as unknown as WebSocketConstructor,
    cut: () => present?.terminate(),
  };
}
