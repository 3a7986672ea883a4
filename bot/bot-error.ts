/** Every code that an error of the bot can have. */
export type BotErrorCode =
  | "invalid_option" // an option of the command line: the message says which and what it must be
  | "invalid_config" // the configuration or a file that it names: the message says what it must be
  | "wrong_role" // the account has another role than `bot`
  | "home_damaged"; // a file in the bot's folder is not what this program writes

/** The only error class of the bot. The message is one sentence without content of conversations. */
export class BotError extends Error {
  override readonly name = "BotError";
  readonly code: BotErrorCode;

  constructor(code: BotErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
