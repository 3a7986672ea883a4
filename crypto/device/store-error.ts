export type StoreErrorCode =
  | "wrong_key" // the store was sealed with another key
  | "damaged" // a value does not open: altered, moved to another name, or cut short
  | "closed" // the store was closed and its key wiped
  | "in_use" // the same database is open already; two locks would be no lock
  | "finished" // a transaction was used after it ended
  | "invalid_key"; // a key name outside printable ASCII, or in the reserved area

/** An error of the device's store. Its message never contains a key name or a value. */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly code: StoreErrorCode;
  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
