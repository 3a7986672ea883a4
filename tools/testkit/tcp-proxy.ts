import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { TransportFactory } from "./transport.ts";

/**
 * The directions of a connection: from the device to the server, and from the server to the device.
 */
export type Direction = "up" | "down";

/**
 * A load balancer without memory between devices and servers: the next connection goes to the next
 * server. Its connections can be cut, silenced and slowed down.
 */
export class TcpProxy {
  /** The port on 127.0.0.1 on which it listens. */
  readonly port: number;
  readonly #server: Server;
  readonly #links: Set<RelayConnection>;
  readonly #weather: Weather;

  private constructor(server: Server, links: Set<RelayConnection>, weather: Weather) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#links = links;
    this.#weather = weather;
  }

  /**
   * @param targets ports of 127.0.0.1 that everything is passed on to; nothing needs to listen
   *   there
   */
  static async start(...targets: readonly [number, ...number[]]): Promise<TcpProxy> {
    const links = new Set<RelayConnection>();
    const weather: Weather = { latencyMs: 0 };
    let connections = 0;
    const server = createServer({ noDelay: true }, (near) => {
      const port = targets[connections++ % targets.length] ?? targets[0];
      const far = connect({ host: "127.0.0.1", port, noDelay: true });
      links.add(join(near, far, weather, (link) => links.delete(link)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, links, weather);
  }

  /** How many connections are passed on, or seem to be. */
  get size(): number {
    return this.#links.size;
  }

  /**
   * Cuts connections at both ends at once and without notice. Everything in flight is lost.
   * @param doomed called for each of them
   * @returns how many were cut
   */
  cut(doomed: () => boolean): number {
    const cut = [...this.#links].filter(doomed);
    cut.forEach(cutLink);
    return cut.length;
  }

  /**
   * Makes connections half open. From now on, what is sent in these directions is dropped,
   * including the news that somebody has closed. Nobody is told.
   * @param doomed called for each of them
   * @returns how many there are, and a function that resets those that are still open
   */
  silence(
    doomed: () => boolean,
    directions: readonly Direction[] = ["up", "down"],
  ): { readonly count: number; readonly reset: () => void } {
    const silenced = [...this.#links].filter(doomed);
    for (const link of silenced) for (const way of directions) link[way].silence();
    return { count: silenced.length, reset: () => silenced.forEach(cutLink) };
  }

  /** From now on, what is sent arrives this much later. 0 ends it. */
  slowDown(latencyMs: number): void {
    this.#weather.latencyMs = latencyMs;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut(() => true);
    await once(this.#server, "close");
  }
}

interface Weather {
  latencyMs: number;
}

/** The connection of a device, and the connection that it is passed on by. */
interface RelayConnection extends Readonly<Record<Direction, TransportFactory>> {
  readonly near: Socket;
  readonly far: Socket;
}

/** @param onGone called when both ends are closed */
function join(
  near: Socket,
  far: Socket,
  weather: Weather,
  onGone: (link: RelayConnection) => void,
): RelayConnection {
  const latencyMs = () => weather.latencyMs;
  const link = {
    near,
    far,
    up: new TransportFactory(latencyMs),
    down: new TransportFactory(latencyMs),
  };
  let open = 2;
  for (const [from, way, to] of [
    [near, link.up, far],
    [far, link.down, near],
  ] as const) {
    from.on("error", () => way.silent || cutLink(link));
    from.on("close", () => {
      // The last bytes are still passed on.
      way.end();
      if (--open === 0) onGone(link);
    });
    way.on("end", () => to.destroySoon());
    from.pipe(way).pipe(to);
  }
  return link;
}

function cutLink({ near, far }: RelayConnection): void {
  near.destroy();
  far.destroy();
}
