import { runCli } from './cli/cli.ts';
import type { ExitCode, Output } from './cli/command.ts';
import { bugReport } from './cli/bug-report.ts';

/** Ends the whole process with this code: 0 yes, 1 no, 2 could not tell. */
function main(): void {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      // Whoever asks twice does not want to wait for what is under way.
      if (stop.signal.aborted) process.exit(2);
      stop.abort(new Error(`ended by ${name}`));
    });
  }
  process.on('uncaughtException', crash);
  process.on('unhandledRejection', crash);
  const world = { env: process.env, stdout: output(process.stdout, stop), stderr: output(process.stderr, stop), now: () => new Date(), signal: stop.signal };
  runCli(process.argv.slice(2), world).then(leave, crash);
}

/** A stream that nobody reads any more (`signet signers | head -1`) ends the command, and is no error. */
function output(stream: NodeJS.WriteStream, stop: AbortController): Output {
  let open = true;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    open = false;
    stop.abort(error);
  });
  const isTTY = stream.isTTY === true;
  const write = (text: string): void => void (open && stream.write(text));
  return { isTTY, write: isTTY ? write : gathered(write) };
}

/** What is written within one turn of the event loop goes out at once: a write to a pipe is a system call, and the log has two lines for each certificate. */
function gathered(write: (text: string) => void): (text: string) => void {
  let waiting = '';
  const flush = (): void => {
    if (waiting !== '') write(waiting);
    waiting = '';
  };
  // However the process ends, but for SIGKILL.
  process.on('exit', flush);
  return (text) => {
    if (waiting === '') setImmediate(flush);
    waiting += text;
  };
}

/** Anything that gets here is a bug. A signer in an unknown state signs nothing: it ends, and is started again. */
function crash(error: unknown): void {
  process.stderr.write(bugReport(error, { now: new Date(), isTTY: process.stderr.isTTY === true }));
  leave(2);
}

/** Not by `process.exitCode` alone: an idle connection would keep the process. Writes to a pipe are awaited, or they would be cut off. */
function leave(code: ExitCode): void {
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

main();
