import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { DelayedStream } from "./delayed-stream.ts";

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
  readonly #connections: Set<ProxiedConnection>;
  readonly #conditions: Conditions;

  private constructor(server: Server, connections: Set<ProxiedConnection>, conditions: Conditions) {
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.#connections = connections;
    this.#conditions = conditions;
  }

  /**
   * @param targets ports of 127.0.0.1 that everything is passed on to; nothing needs to listen
   *   there
   */
  static async start(...targets: readonly [number, ...number[]]): Promise<TcpProxy> {
    const connections = new Set<ProxiedConnection>();
    const conditions: Conditions = { latencyMs: 0 };
    let accepted = 0;
    const server = createServer({ noDelay: true }, (near) => {
      const port = targets[accepted++ % targets.length] ?? targets[0];
      const far = connect({ host: "127.0.0.1", port, noDelay: true });
      connections.add(join(near, far, conditions, (connection) => connections.delete(connection)));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpProxy(server, connections, conditions);
  }

  /** Returns how many connections are passed on, or seem to be. */
  get size(): number {
    return this.#connections.size;
  }

  /**
   * Cuts connections at both ends at once and without notice. Everything in flight is lost.
   * @param doomed called for each of them
   * @returns how many were cut
   */
  cut(doomed: () => boolean): number {
    const cut = [...this.#connections].filter(doomed);
    cut.forEach(cutConnection);
    return cut.length;
  }

  /**
   * Makes connections half open. From now on, traffic in these directions is dropped, including the
   * news of a close. Neither side is told.
   * @param doomed called for each of them
   * @returns their number, and a function that resets those that are still open
   */
  silence(
    doomed: () => boolean,
    directions: readonly Direction[] = ["up", "down"],
  ): { readonly count: number; readonly reset: () => void } {
    const silenced = [...this.#connections].filter(doomed);
    for (const connection of silenced)
      for (const direction of directions) connection[direction].silence();
    return { count: silenced.length, reset: () => silenced.forEach(cutConnection) };
  }

  /** Delays the traffic from now on. 0 ends the delay. */
  slowDown(latencyMs: number): void {
    this.#conditions.latencyMs = latencyMs;
  }

  async close(): Promise<void> {
    this.#server.close();
    this.cut(() => true);
    await once(this.#server, "close");
  }
}

interface Conditions {
  latencyMs: number;
}

/** The connection of a device, and the connection that it is passed on by. */
interface ProxiedConnection extends Readonly<Record<Direction, DelayedStream>> {
  readonly near: Socket;
  readonly far: Socket;
}

/** @param onGone called when both ends are closed */
function join(
  near: Socket,
  far: Socket,
  conditions: Conditions,
  onGone: (connection: ProxiedConnection) => void,
): ProxiedConnection {
  const latencyMs = () => conditions.latencyMs;
  const connection = {
    near,
    far,
    up: new DelayedStream(latencyMs),
    down: new DelayedStream(latencyMs),
  };
  let open = 2;
  for (const [from, direction, to] of [
    [near, connection.up, far],
    [far, connection.down, near],
  ] as const) {
    from.on("error", () => direction.silent || cutConnection(connection));
    from.on("close", () => {
      // The last bytes are still passed on.
      direction.end();
      if (--open === 0) onGone(connection);
    });
    direction.on("end", () => to.destroySoon());
    from.pipe(direction).pipe(to);
  }
  return connection;
}

function cutConnection({ near, far }: ProxiedConnection): void {
  near.destroy();
  far.destroy();
}
