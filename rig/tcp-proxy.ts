import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Stands between devices and a server: a network whose connections can be cut. */
export class TcpProxy {
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly #server: Server;
  readonly #links: Set<Link>;

  private constructor(server: Server, port: number, links: Set<Link>) {
    this.#server = server;
    this.port = port;
    this.#links = links;
  }

  /** @param target the port of 127.0.0.1 that everything is passed on to; nothing need be there */
  static async start(target: number): Promise<TcpProxy> {
    const links = new Set<Link>();
    const server = createServer({ noDelay: true }, (near) => {
      const far = connect({ host: "127.0.0.1", port: target, noDelay: true });
      const link = { near, far };
      links.add(link);
      for (const [side, other] of [
        [near, far],
        [far, near],
      ] as const) {
        side.on("error", () => cutLink(link));
        side.on("close", () => {
          // What the side that is gone has said last is still passed on.
          other.destroySoon();
          links.delete(link);
        });
        side.pipe(other);
      }
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, (server.address() as AddressInfo).port, links);
  }

  /**
   * Cuts connections, both ends at once and without a word; what was under way is lost.
   * @param doomed asked for each of them
   * @returns how many were cut
   */
  cut(doomed: () => boolean): number {
    const cut = [...this.#links].filter(doomed);
    cut.forEach(cutLink);
    return cut.length;
  }

  /** From now on nothing passes on the connections there are, and nobody is told. */
  silence(): void {
    for (const { near, far } of this.#links) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut(() => true);
    await once(this.#server, "close");
  }
}

/** The connection of a device, and the one it is passed on by. */
interface Link {
  readonly near: Socket;
  readonly far: Socket;
}

function cutLink({ near, far }: Link): void {
  near.destroy();
  far.destroy();
}
