/** 0: yes, done. 1: no, or something was found. 2: could not tell (usage, configuration, cluster). */
export type ExitCode = 0 | 1 | 2;

/** One option of the command line. */
export type Option = {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given more than once. */
  readonly multiple?: boolean;
  /** What the value is called in the help: FILE, NAME. Choices name themselves. */
  readonly value?: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  readonly default?: string;
  readonly description: string;
};

export type Options = Readonly<Record<string, Option>>;

/** What was given on the command line, by option. */
export type Values<O extends Options> = { readonly [K in keyof O]?: O[K] extends { type: 'boolean' } ? boolean : O[K] extends { multiple: true } ? readonly string[] : string };

export type Output = {
  write(text: string): void;
  readonly isTTY: boolean;
};

/** Everything a command knows of the process it runs in. */
export type Context<O extends Options = Options> = {
  readonly values: Values<O>;
  readonly positionals: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly now: () => Date;
  /** Aborted by SIGINT and SIGTERM, and when nobody reads the output any more. */
  readonly signal: AbortSignal;
  /** Whether stdout may be coloured. */
  readonly colour: boolean;
};

export type Command<O extends Options = Options> = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A paragraph or two for `signet help NAME`, with an example. */
  readonly help: string;
  readonly options: O;
  /** What stands after the command, as the help prints it: `SIGNER`, `[FILE]`. Absent: nothing may. */
  readonly positionals?: string;
  /** Throws CommandFailure, Refusal or Unavailable for trouble that is told in one line; anything else is a bug. */
  run(context: Context<O>): Promise<ExitCode>;
};

/** A command whose `values` have the types of its `options`. */
export function defineCommand<const O extends Options>(command: Command<O>): Command {
  // Sound: the only caller of `run` parses the values by these very options.
  return command as unknown as Command;
}
