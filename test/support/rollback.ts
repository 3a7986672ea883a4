import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { webSocket } from "../../client/index.node.ts";
import {
  Sealdesk,
  type ConnectOptions,
  type Conversation,
  type Credentials,
  type SecurityEvent,
} from "../../client/index.ts";
import type { RotationLimits } from "../../crypto/device/suite.ts";
import {
  newDeviceHome,
  newSuite,
  openDeviceStore,
  type DeviceHome,
} from "../../tools/testkit/connect-device.ts";
import type { TestServer } from "./server.ts";
import { newId } from "../../tools/testkit/ids.ts";
import type { UserId } from "../../crypto/wire/ids.ts";

interface OpenOptions extends Partial<Pick<ConnectOptions, "webSocket" | "runtime">> {
  readonly limits?: RotationLimits;
}

/** A device on a disk, whose folder can be copied and put back. */
export class DiskDevice {
  readonly credentials: Credentials;
  /** Security events since the device was made, of every time it was opened. */
  readonly security: SecurityEvent[] = [];
  readonly #server: TestServer;
  #home: DeviceHome;
  #sealdesk: Sealdesk | undefined;

  constructor(server: TestServer, credentials: Credentials, home: DeviceHome) {
    this.#server = server;
    this.credentials = credentials;
    this.#home = home;
  }

  get sealdesk(): Sealdesk {
    if (this.#sealdesk === undefined) throw new Error("the device is switched off");
    return this.#sealdesk;
  }

  /** Switches it on. */
  async open(options: OpenOptions = {}): Promise<Sealdesk> {
    const store = await openDeviceStore(this.#home);
    try {
      const sealdesk = await Sealdesk.connect({
        url: this.#server.url,
        credentials: this.credentials,
        suite: newSuite(options.limits),
        store,
        webSocket,
        backoff: { baseMs: 20, capMs: 200, stableMs: 1_000 },
        ...options,
      });
      sealdesk.on("security", (event) => this.security.push(event));
      this.#sealdesk = sealdesk;
      return sealdesk;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.#sealdesk?.close();
    this.#sealdesk = undefined;
  }

  conversation(id: string): Conversation {
    const found = this.sealdesk.conversation(id);
    if (found === undefined) throw new Error("the device knows no such conversation");
    return found;
  }

  /** Copies the folder; the device may be on, as when a backup program runs. */
  async copy(): Promise<string> {
    const copied = `${this.#home.folder}-copy-${this.#copies++}`;
    await cp(this.#home.folder, copied, {
      recursive: true,
      filter: (file) => !file.endsWith("LOCK"),
    });
    return copied;
  }
  #copies = 0;

  /** Puts a copy in the place of the folder; the device must be off. */
  async putBack(copied: string): Promise<void> {
    await rm(this.#home.folder, { recursive: true });
    await cp(copied, this.#home.folder, { recursive: true });
  }

  /** The same store on another machine. */
  async clone(copied: string): Promise<DiskDevice> {
    const folder = `${this.#home.folder}-clone`;
    await cp(copied, folder, { recursive: true });
    return new DiskDevice(this.#server, this.credentials, { ...this.#home, folder });
  }

  rolledBack(): Extract<SecurityEvent, { code: "store_rolled_back" }>[] {
    return this.security.filter((event) => event.code === "store_rolled_back");
  }
}

/** Devices with folders of their own, all closed and removed at the end. */
export class Disks {
  readonly #server: TestServer;
  readonly #folder: string;
  readonly #devices: DiskDevice[] = [];
  readonly #further: (() => Promise<void>)[] = [];

  private constructor(server: TestServer, folder: string) {
    this.#server = server;
    this.#folder = folder;
  }

  static async make(server: TestServer): Promise<Disks> {
    return new Disks(server, await mkdtemp(join(tmpdir(), "sealdesk-rollback-")));
  }

  async customer(subject: string = newId<UserId>()): Promise<DiskDevice> {
    const token = () => this.#server.customerToken(subject);
    return this.#add({ grant: "customer_token", tenant: this.#server.tenant.slug, token });
  }

  async agent(): Promise<DiskDevice> {
    const { tenant, username, password } = await this.#server.createStaff("agent");
    return this.#add({ grant: "password", tenant, username, password });
  }

  async #add(credentials: Credentials): Promise<DiskDevice> {
    const device = new DiskDevice(this.#server, credentials, newDeviceHome(this.#folder));
    await device.open();
    return this.keep(device);
  }

  keep(device: DiskDevice): DiskDevice {
    this.#devices.push(device);
    return device;
  }

  /** What else is to be done at the end. */
  onClose(close: () => Promise<void>): void {
    this.#further.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#further.map((close) => close()));
    await Promise.all(this.#devices.map((device) => device.close()));
    await rm(this.#folder, { recursive: true });
  }
}
