import { createLog } from '../adapters/log.ts';

/** What is written when Signet ends by an exception that nobody expected: a line of the log, as `run` may have been what ended. */
export function bugReport(error: unknown, { now, isTTY }: { readonly now: Date; readonly isTTY: boolean }): string {
  let report = '';
  const log = createLog({ write: (line) => (report += line), now: () => now, format: isTTY ? 'text' : 'json' });
  log.error('Signet ends because of a bug in it; please report this line', { error });
  return report;
}
