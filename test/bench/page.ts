import type { FigureName } from './figures.ts';
import type { Results } from './results.ts';

/** What a reader of the README wants to know of a run: a row for each, of the first case of the scenario that has a name as told. */
const ROWS: readonly { readonly about: string; readonly scenario: string; readonly case: RegExp; readonly figures: readonly FigureName[]; readonly digits: number }[] = [
  { about: '500 requests at once: certificates a second', scenario: 'a', case: /^500$/, figures: ['signedPerSecond'], digits: 0 },
  { about: 'the same: CPU time for a certificate, ms', scenario: 'a', case: /^500$/, figures: ['cpuMs'], digits: 2 },
  { about: '30 a second: half of them and 99 % within, ms', scenario: 'b', case: /./, figures: ['p50', 'p99'], digits: 1 },
  { about: 'a quiet tenant beside a flood: 99 % within, ms', scenario: 'd', case: /./, figures: ['p99'], digits: 0 },
  { about: '3,000 wait at the start: certificates a second', scenario: 'h', case: /^3000$/, figures: ['signedPerSecondFromStart'], digits: 0 },
  { about: 'start to the first certificate, ms', scenario: 'g', case: /./, figures: ['startMs'], digits: 0 },
  { about: 'resident memory after 3,500, MB', scenario: 'a', case: /^3000$/, figures: ['rssMb'], digits: 0 },
  { about: 'calls that write, for each certificate', scenario: 'a', case: /^500$/, figures: ['writes'], digits: 2 },
];

/** The README's table, as Markdown: medians, a column for each contender. What a contender was not measured at is a dash, and a row that nobody was is left out. */
export function summaryTable(results: Results): string {
  const names = results.contenders.map(({ name }) => name);
  const rows = ROWS.map(({ about, scenario, case: wanted, figures, digits }) => {
    const found = results.scenarios.find(({ id }) => id === scenario)?.cases.find(({ name }) => wanted.test(name));
    const of = (contender: string): string => {
      const median = found?.contenders.find((each) => each.contender === contender)?.median ?? {};
      const values = figures.flatMap((figure) => median[figure] ?? []);
      return values.length < figures.length ? '–' : values.map((value) => value.toFixed(digits)).join(', ');
    };
    return [about, ...names.map(of)];
  }).filter(([, ...values]) => values.some((value) => value !== '–'));
  return [['', ...names], ['---', ...names.map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

/** A document with what stands between its two marks replaced. Throws where a mark is missing. */
export function between(document: string, name: string, text: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [document.indexOf(begin), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`the document has no place marked ${begin} … ${end}`);
  return `${document.slice(0, from + begin.length)}\n${text.trim()}\n${document.slice(to)}`;
}
