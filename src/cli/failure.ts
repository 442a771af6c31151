import type { ExitCode } from './command.ts';

/** Ends a command with one line that says what is wrong, and hints on what to do next. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
  readonly hints: readonly string[];
  readonly exitCode: ExitCode;

  constructor(message: string, { hints = [], exitCode = 2, cause }: { hints?: readonly string[]; exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.hints = hints;
    this.exitCode = exitCode;
  }
}
