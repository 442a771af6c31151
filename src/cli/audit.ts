import { createReadStream } from 'node:fs';
import { readRecordLine } from '../core/record-chain.ts';
import { verifyRecord, type RecordVerdict, type RecordVerification } from '../core/record-verification.ts';
import { defineCommand } from './command.ts';
import { CommandFailure } from './failure.ts';
import { jsonText, printable } from './output.ts';
import { style } from './style.ts';

export const command = defineCommand({
  name: 'audit',
  summary: 'say whether a record of decisions is as it was written',
  help: `
Follows the chain of hashes of a record (the file audit.file of the configuration, and the files it was rotated into, in any order) and
tells every line that was altered, removed, inserted or put elsewhere. An unfinished last line, as a kill leaves it, is no finding.

  signet audit verify /var/lib/signet/record.jsonl*
  signet audit verify record.jsonl --head 5f0c…

A record that was cut short, or made anew from its beginning, can only be told by what was seen of it before: --head takes a hash that
Signet has logged ("record" lines) or exported (signet_record_head_info); it must be in the record.
Exit code 0: it holds; 1: it does not; 2: it cannot be read.`,
  positionals: 'verify FILE…',
  options: {
    head: { type: 'string', multiple: true, value: 'HASH', description: 'a hash that must be in the record' },
    output: { type: 'string', short: 'o', choices: ['text', 'json'], default: 'text', description: 'how to print' },
  },
  run: async ({ values, positionals: [action, ...files], stdout, signal, colour }) => {
    const hints = ['signet audit verify FILE…'];
    if (action !== 'verify') throw new CommandFailure(action === undefined ? 'say what to do: verify' : `unknown action "${action}": there is verify`, { hints });
    if (files.length === 0) throw new CommandFailure('name the files of the record', { hints });
    const heads = values.head ?? [];
    for (const head of heads) if (!/^[0-9a-f]{64}$/.test(head)) throw new CommandFailure(`--head must be a SHA-256 in hex, 64 characters, in lower case; found "${head}"`);

    const verification = verifyRecord({ heads });
    for (const file of await inOrder(files, signal)) await readFile(file, verification, signal);
    const verdict = verification.verdict();
    stdout.write(values.output === 'json' ? jsonText({ ...verdict, files: files.length }) : text(verdict, colour));
    return verdict.ok ? 0 : 1;
  },
});

/** By the number of their first entry: a shell sorts the newest, whose name has no number, in front. */
async function inOrder(files: readonly string[], signal: AbortSignal): Promise<string[]> {
  const firsts = await Promise.all(files.map(async (file) => {
    for await (const { text } of linesOf(file, signal)) return readRecordLine(text)?.count ?? 0;
    return Number.MAX_SAFE_INTEGER;
  }));
  return files.map((file, i) => ({ file, first: firsts[i] ?? 0 })).sort((a, b) => a.first - b.first).map(({ file }) => file);
}

async function readFile(file: string, verification: RecordVerification, signal: AbortSignal): Promise<void> {
  verification.file(file);
  for await (const { text, whole } of linesOf(file, signal)) {
    if (whole) verification.line(text);
    else verification.rest(text.length);
  }
}

/** The longest line of a record has some 100 KiB; what is longer is none, and is not gathered in memory. */
const MAX_LINE = 1024 * 1024;

/** One character for each octet, and what stands after the last newline as a line that is not whole. Throws CommandFailure. */
async function* linesOf(file: string, signal: AbortSignal): AsyncGenerator<{ readonly text: string; readonly whole: boolean }> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(file, { encoding: 'latin1', signal }) as AsyncIterable<string>) {
      const lines = chunk.split('\n');
      lines[0] = rest.slice(0, MAX_LINE) + (lines[0] ?? '');
      rest = lines.pop() ?? '';
      for (const text of lines) yield { text, whole: true };
    }
  } catch (error) {
    throw new CommandFailure(`cannot read "${file}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  if (rest !== '') yield { text: rest, whole: false };
}

function text({ ok, first, last, torn, heads, findings }: RecordVerdict, colour: boolean): string {
  const { red, green, yellow } = style(colour);
  const cut = heads.filter(({ count }) => count === null);
  const notes = [
    ...(first > 1 ? [`${yellow('note:')} entries 1 to ${first - 1} are not in these files\n`] : []),
    ...(torn > 0 ? [`${yellow('note:')} the last line is not whole (${torn} octets), as a kill leaves it\n`] : []),
    ...heads.flatMap(({ hash, count }) => (count === null ? [] : [`${green('head:')} ${hash} is entry ${count}\n`])),
  ];
  const seen = last.count === 0 ? 'no entries' : `entries ${first} to ${last.count}, head ${last.hash}`;
  return [
    ...findings.map(({ file, line, problem }) => `${printable(file)}:${line}: ${problem}\n`),
    ...cut.map(({ hash }) => `${red('head:')} ${hash} is not in this record: it was cut short before that entry, or made anew\n`),
    ...notes,
    ok ? `${green('ok:')} ${seen}\n` : `${red('not as it was written:')} ${seen}\n`,
  ].join('');
}

