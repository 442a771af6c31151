import type { Attack, BySignet } from './attack.ts';

/** An attack as it went. */
export type Row = { readonly title: string; readonly attack: Attack; readonly stopped: string };

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

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
