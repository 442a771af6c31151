import type { FigureName } from './figures.ts';
import type { Results } from './results.ts';

/** What a reader of the README wants to know of a run: a row for each, of the first case of a scenario that has it. `about` is given the case's name. */
const ROWS: readonly { readonly about: (size: string) => string; readonly scenario: string; readonly figures: readonly FigureName[]; readonly digits: number }[] = [
  { about: (size) => `${size} requests at once: certificates a second`, scenario: 'a', figures: ['signedPerSecond'], digits: 0 },
  { about: () => 'the same: CPU time for a certificate, ms', scenario: 'a', figures: ['cpuMs'], digits: 2 },
  { about: () => 'the same: resident memory, MB', scenario: 'a', figures: ['rssMb'], digits: 0 },
  { about: () => 'the same: calls that write, for a certificate', scenario: 'a', figures: ['writes'], digits: 2 },
  { about: (size) => `${size} a second: half of them and 99 % within, ms`, scenario: 'b', figures: ['p50', 'p99'], digits: 1 },
  { about: (size) => `${size} of one tenant wait all the time: 99 % of the others' within, ms`, scenario: 'd', figures: ['p99'], digits: 0 },
  { about: (size) => `${size} wait when it starts: certificates a second`, scenario: 'h', figures: ['signedPerSecondFromStart'], digits: 0 },
  { about: () => 'from its start to the first certificate, ms', scenario: 'g', figures: ['startMs'], digits: 0 },
];

/** The README's table, as Markdown: medians, a column for each contender. What a contender was not measured at is a dash, and a row that nobody was is left out. */
export function summaryTable(results: Results): string {
  const names = results.contenders.map(({ name }) => name);
  const rows = ROWS.map(({ about, scenario, figures, digits }) => {
    const found = results.scenarios.find(({ id }) => id === scenario)?.cases[0];
    const of = (contender: string): string => {
      const median = found?.contenders.find((each) => each.contender === contender)?.median ?? {};
      const values = figures.flatMap((figure) => median[figure] ?? []);
      return values.length < figures.length ? '–' : values.map((value) => value.toFixed(digits)).join(', ');
    };
    return [about(found?.name ?? ''), ...names.map(of)];
  }).filter(([, ...values]) => values.some((value) => value !== '–'));
  return [['', ...names], ['---', ...names.map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
