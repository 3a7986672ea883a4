import { once } from "node:events";
import {
  createServer,
  request as ask,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { connect, type AddressInfo, type Socket } from "node:net";
import type { Duplex } from "node:stream";

/** The effects of a proxy on the traffic. Changes apply to later traffic. */
export interface ProxyRules {
  /** Refuses upgrades with 403. When this becomes true, existing upgraded connections are cut. */
  refuseUpgrades: boolean;
  /** Holds back answers of the media type text/event-stream forever. */
  holdStreams: boolean;
  /** Cuts the connection instead of passing on the answer that the server has given. */
  loseAnswer: (method: string, path: string) => boolean;
}

/** A company's HTTP proxy or a load balancer. It passes requests to the targets in turn. */
export class HttpProxy {
  readonly rules: ProxyRules = {
    refuseUpgrades: false,
    holdStreams: false,
    loseAnswer: () => false,
  };
  /** The ports of 127.0.0.1 that requests go to, one after another. */
  targets: readonly number[] = [];
  /** The requests, as method and path. */
  readonly seen: string[] = [];
  /** The number of upgrades that were passed on. */
  upgraded = 0;
  readonly #server: Server;
  readonly #tunnels = new Set<Duplex>();
  #turn = 0;

  private constructor() {
    this.#server = createServer((request, response) => this.#pass(request, response));
    this.#server.on("upgrade", (request, near) => this.#tunnel(request, near));
  }

  static async start(): Promise<HttpProxy> {
    const proxy = new HttpProxy();
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Refuses upgrades from now on, and cuts upgraded connections. */
  forbidUpgrades(): void {
    this.rules.refuseUpgrades = true;
    for (const tunnel of this.#tunnels) tunnel.destroy();
  }

  async close(): Promise<void> {
    for (const tunnel of this.#tunnels) tunnel.destroy();
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  #next(): number {
    return this.targets[this.#turn++ % this.targets.length] ?? 0;
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    const { method = "", url: path = "", headers } = request;
    this.seen.push(`${method} ${path.split("?")[0]}`);
    const lost = this.rules.loseAnswer(method, path);
    const far = ask({ host: "127.0.0.1", port: this.#next(), method, path, headers }, (answer) => {
      if (lost) {
        answer.resume().once("end", () => response.destroy());
        return;
      }
      const isStream = answer.headers["content-type"]?.startsWith("text/event-stream") === true;
      if (isStream && this.rules.holdStreams) return void answer.resume();
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      response.flushHeaders();
      answer.on("error", () => response.destroy());
      answer.pipe(response);
    });
    far.on("error", () => response.destroy());
    response.on("close", () => far.destroy());
    request.on("error", () => far.destroy());
    request.pipe(far);
  }

  #tunnel(request: IncomingMessage, near: Duplex): void {
    near.on("error", () => undefined);
    if (this.rules.refuseUpgrades) {
      near.end("HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    this.upgraded++;
    const far: Socket = connect(this.#next(), "127.0.0.1");
    const { method, url, rawHeaders } = request;
    const lines = rawHeaders.flatMap((name, index) =>
      index % 2 === 0 ? [`${name}: ${rawHeaders[index + 1]}`] : [],
    );
    far.write([`${method} ${url} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
    this.#tunnels.add(near);
    near.once("close", () => {
      this.#tunnels.delete(near);
      far.destroy();
    });
    far.on("error", () => near.destroy());
    far.once("close", () => near.destroy());
    near.pipe(far).pipe(near);
  }
}
