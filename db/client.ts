/** A statement with its parameters, and options of the driver. */
export interface Statement {
  readonly text: string;
  readonly values?: unknown[];
  /** Prepares the statement under this name, once for each session. */
  readonly name?: string;
  /** The time to wait for the answer, in milliseconds. */
  readonly query_timeout?: number;
}

/** The answer to a statement whose rows are not read. */
export interface Outcome {
  /** How many rows the statement returned or changed. Null for statements such as `begin`. */
  readonly rowCount: number | null;
}

/** The answer to a statement whose rows are read. */
export interface Result<Row> extends Outcome {
  readonly rows: Row[];
}

/** A connection or a pool that runs statements. */
export interface Queryable {
  /**
   * Runs a statement whose rows are not read.
   * @throws pg.DatabaseError if the database refuses the statement; an Error if the connection fails
   */
  query(statement: string | Statement, values?: unknown[]): Promise<Outcome>;
  /**
   * Runs a statement whose rows are read. You must name the type of a row: its columns as the
   * statement names them, with null for what may be null. Our sessions give 64-bit integers as
   * numbers, but as text inside arrays.
   * @throws pg.DatabaseError if the database refuses the statement; an Error if the connection fails
   */
  query<Row extends object>(
    statement: string | Statement,
    values?: unknown[],
  ): Promise<Result<Row>>;
}

/** A session of the database. */
export interface Client extends Queryable {
  on(event: "error", listener: (error: Error) => void): this;
  once(event: "error", listener: (error: Error) => void): this;
  once(event: "end", listener: () => void): this;
}

/** A session that a pool lent. */
export interface PoolClient extends Client {
  /** @param broken true, or an error, if the session must not be used again */
  release(broken?: Error | boolean): void;
}

/** A pool of sessions. A statement that is given to the pool runs in any of them. */
export interface Pool extends Queryable {
  readonly options: { readonly max: number };
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
  connect(): Promise<PoolClient>;
  on(event: "acquire" | "connect", listener: (client: PoolClient) => void): this;
  end(): Promise<void>;
}
