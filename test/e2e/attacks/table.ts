import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Attack, BySignet } from './attack.ts';

/** An attack as it went. */
export type Row = { readonly title: string; readonly attack: Attack; readonly stopped: string };

const DOCUMENT = join(import.meta.dirname, '../../../docs/attacks.md');
const [BEGIN, END] = ['<!-- attacks: made by test/e2e/attacks.test.ts -->', '<!-- end of attacks -->'];

export function bySignetText(by: BySignet): string {
  if ('unreadable' in by) return `Signet: \`${by.unreadable}\` cannot be read`;
  return `Signet: ${by.rules.map((rule) => `\`${rule}\``).join(', ')}`;
}

/** The rows as Markdown: how many were stopped by whom, and a table for each class. */
export function attackTable(rows: readonly Row[]): string {
  const classes = [...new Set(rows.map(({ title }) => title))];
  let number = 0;
  const tables = classes.map((title) => {
    const lines = rows.filter((row) => row.title === title).map(({ attack, stopped }) => `| ${(number += 1)} | ${cell(attack.title)} | ${attack.by} | ${cell(stopped)} | ${cell(attack.twin.title)} |`);
    return [`## ${title}`, '', '| | Attack | By | Stopped by | Its twin, which gets its certificate |', '| --- | --- | --- | --- | --- |', ...lines].join('\n');
  });
  return [summary(rows), ...tables].join('\n\n');
}

function summary(rows: readonly Row[]): string {
  const by = (who: string): number => rows.filter(({ stopped }) => stopped.startsWith(who)).length;
  return `${rows.length} attacks: ${by('Signet')} are stopped by Signet, ${by('guard')} by guard, ${by('the API server')} by the API server, ${by('istiod')} by istiod.`;
}

/** What stands between the marks of docs/attacks.md. */
export function writtenTable(): string {
  return parts().table;
}

export function writeTable(table: string): void {
  const { before, after } = parts();
  writeFileSync(DOCUMENT, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`);
}

function parts(): { before: string; table: string; after: string } {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/attacks.md lacks the lines ${BEGIN} and ${END}`);
  return { before: text.slice(0, begin), table: text.slice(begin + BEGIN.length, end).trim(), after: text.slice(end + END.length) };
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
