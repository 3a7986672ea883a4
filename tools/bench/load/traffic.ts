import { uuidToBytes } from "../../../crypto/wire/uuid.ts";
import { SeededRandom } from "../../testkit/seeded-random.ts";
import type { Dialect, Frame, RelayConnection, RelayConnectionEvents } from "./relay-connection.ts";
import type { RoomSpec } from "./party.ts";

/** The counts of a load process since the last question. */
export interface Counted {
  readonly seconds: number;
  readonly accepted: number;
  readonly deliveries: number;
  /** Milliseconds from sending to each acceptance, one for each message. */
  readonly acceptMs: Float64Array;
  readonly deliverMs: Float64Array;
}

interface Pending {
  readonly atMs: number;
  /**
   * The number of answers that are still to come: `accepted`, and one delivery for each receiver.
   */
  open: number;
}

interface Room {
  readonly lane: Lane;
  readonly receivers: number;
  readonly next: () => Frame;
  readonly pending: Map<number, Pending>;
  /** The last event stored before the load began. */
  readonly before: number;
  head: number;
}

/** One sender with its conversations. */
interface Lane {
  readonly link: RelayConnection;
  readonly rooms: Room[];
}

/**
 * Sends and counts. A conversation here has one sender, so a message's number is known when it is
 * sent. A repeated message ends the benchmark. A lost message keeps it from ending.
 */
export class Traffic implements RelayConnectionEvents {
  readonly #rooms = new Map<string, Room>();
  readonly #lanes: Lane[] = [];
  readonly #random = new SeededRandom(1);
  #window = 0;
  #ticker: NodeJS.Timeout | undefined;
  #underWay = 0;
  #onQuiet: (() => void) | undefined;
  #sinceMs = performance.now();
  #accepted = 0;
  #deliveries = 0;
  #acceptMs: number[] = [];
  #deliverMs: number[] = [];

  add(
    link: RelayConnection,
    dialect: Dialect,
    rooms: readonly RoomSpec[],
    receivers: number,
  ): void {
    if (rooms.length === 0) return;
    const lane: Lane = { link, rooms: [] };
    for (const spec of rooms) {
      const next = dialect.writer(spec);
      const pending = new Map<number, Pending>();
      const room = { lane, receivers, next, pending, before: spec.head, head: spec.head };
      lane.rooms.push(room);
      this.#rooms.set(Buffer.from(uuidToBytes(spec.conversation)).toString("latin1"), room);
    }
    this.#lanes.push(lane);
  }

  /** Keeps `window` messages of every sender unanswered. This measures the path's capacity. */
  startClosed(window: number): void {
    this.#window = window;
    for (let index = 0; index < window; index++) for (const lane of this.#lanes) this.#send(lane);
  }

  /**
   * Sends at a fixed rate over all senders, whether or not earlier messages have arrived. This
   * measures what users feel.
   */
  startOpen(perSecond: number): void {
    const begin = performance.now();
    let sent = 0;
    this.#ticker = setInterval(() => {
      for (const due = ((performance.now() - begin) / 1000) * perSecond; sent < due; sent++) {
        const lane = this.#lanes[sent % this.#lanes.length];
        if (lane !== undefined) this.#send(lane);
      }
    }, 1);
  }

  /**
   * Sends `count` messages in each conversation, one at a time in each. It resolves when all have
   * arrived.
   */
  async sendEach(count: number): Promise<void> {
    for (let turn = 0; turn < count; turn++) {
      for (const room of this.#rooms.values()) this.#sendIn(room);
      await this.stop();
    }
  }

  /** Stops sending. It resolves when everything in flight has arrived. */
  stop(): Promise<void> {
    this.#window = 0;
    clearInterval(this.#ticker);
    return new Promise((resolve) => {
      if (this.#underWay === 0) resolve();
      else this.#onQuiet = resolve;
    });
  }

  /** Returns the counts since the last call. */
  take(): Counted {
    const counted = {
      seconds: (performance.now() - this.#sinceMs) / 1000,
      accepted: this.#accepted,
      deliveries: this.#deliveries,
      acceptMs: Float64Array.from(this.#acceptMs),
      deliverMs: Float64Array.from(this.#deliverMs),
    };
    this.#sinceMs = performance.now();
    [this.#accepted, this.#deliveries] = [0, 0];
    [this.#acceptMs, this.#deliverMs] = [[], []];
    return counted;
  }

  accepted(key: string, seq: number): void {
    this.#accepted++;
    this.#arrived(key, seq, this.#acceptMs);
  }

  delivered(key: string, seq: number): void {
    this.#deliveries++;
    this.#arrived(key, seq, this.#deliverMs);
  }

  #send(lane: Lane): void {
    const { rooms } = lane;
    const room = rooms.length === 1 ? rooms[0] : this.#random.pick(rooms);
    if (room !== undefined) this.#sendIn(room);
  }

  #sendIn(room: Room): void {
    room.pending.set(++room.head, { atMs: performance.now(), open: 1 + room.receivers });
    this.#underWay++;
    room.lane.link.send(room.next());
  }

  #arrived(key: string, seq: number, samples: number[]): void {
    const room = this.#rooms.get(key);
    if (room === undefined || seq <= room.before) return;
    const pending = room.pending.get(seq);
    if (pending === undefined) throw new Error(`event ${seq} came again, or was never sent`);
    samples.push(performance.now() - pending.atMs);
    if (--pending.open > 0) return;
    room.pending.delete(seq);
    this.#underWay--;
    if (this.#window > 0) this.#send(room.lane);
    else if (this.#underWay === 0) this.#onQuiet?.();
  }
}
