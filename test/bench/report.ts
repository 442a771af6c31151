// Prints the tables of a benchmark's JSON as Markdown:
//   node --import tsx test/bench/report.ts bench.json [a b …]
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { median } from '../support/quantiles.ts';
import { FIGURES, type FigureName } from './figures.ts';
import { BASES, type CaseResult, type Results, type ScenarioResult, type Summary } from './results.ts';
import { targets } from './targets.ts';

type Table = { readonly title: string; readonly header: readonly string[]; readonly rows: readonly (readonly string[])[]; readonly notes: readonly string[] };

/** Where these have a spread, it is told. */
const WITH_SPREAD: readonly FigureName[] = ['signedPerSecond', 'signedPerSecondFromStart', 'startMs', 'cpuMs', 'p99'];
/** About the machine, not about a contender: in the JSON only. */
const UNTOLD: readonly FigureName[] = ['clientCpuMs', 'serverCpuMs'];

/** As text for a terminal: a table for each case, then the targets. */
export function asText(results: Results): string {
  const blocks = tables(results).map(({ title, header, rows, notes }) => [title, ...aligned([header, ...rows]), ...notes].join('\n'));
  const last = targets(results).length > 0 ? [`Targets\n${aligned(targetRows(results)).join('\n')}`] : [];
  return [...blocks, ...last, about(results).join('\n')].join('\n\n');
}

/** As Markdown; `only` are the letters of the scenarios, all by default. */
export function asMarkdown(results: Results, only: readonly string[] = []): string {
  const chosen = { ...results, scenarios: results.scenarios.filter(({ id }) => only.length === 0 || only.includes(id)) };
  const blocks = tables(chosen).map(({ title, header, rows, notes }) => [`**${title}**`, '', ...markdown([header, ...rows]), ...(notes.length > 0 ? ['', ...notes] : [])].join('\n'));
  const last = only.length === 0 && targets(results).length > 0 ? [['**Targets**', '', ...markdown(targetRows(results))].join('\n')] : [];
  return `${[...blocks, ...last, about(results).join(' ')].join('\n\n')}\n`;
}

function tables({ scenarios }: Results): Table[] {
  return scenarios.flatMap((scenario) =>
    scenario.cases.map((each, index): Table => {
      const rounds = Math.max(...each.contenders.map((contender) => contender.rounds.length));
      const counted = rounds === 1 ? 'one round' : `median of ${rounds} rounds (least–most)`;
      return { title: `(${scenario.id}) ${each.name} ${scenario.title}: ${counted}`, ...cells(scenario, each), notes: index < scenario.cases.length - 1 ? [] : scenario.without.map(({ name, why }) => `Without ${name}: ${why}`) };
    }),
  );
}

function cells({ compare }: ScenarioResult, { contenders }: CaseResult): Pick<Table, 'header' | 'rows'> {
  const measured = (Object.keys(FIGURES) as FigureName[]).filter((name) => !UNTOLD.includes(name) && contenders.some(({ median }) => median[name] !== undefined));
  const ratios = compare.flatMap((figure) => BASES.filter((base) => contenders.some((each) => each.ratios[base]?.[figure] !== undefined)).map((base) => ({ figure, base })));
  return {
    header: ['', ...measured.map((name) => FIGURES[name].title), ...ratios.map(({ figure, base }) => `${withoutUnit(figure)} ÷ ${base}`)],
    rows: contenders.map((each) => [each.contender, ...measured.map((name) => cell(each, name)), ...ratios.map(({ figure, base }) => each.ratios[base]?.[figure]?.toFixed(2) ?? '')]),
  };
}

function cell({ rounds, median, min, max }: Summary, name: FigureName): string {
  const { digits } = FIGURES[name];
  const [middle, least, most] = [median[name], min[name], max[name]];
  if (middle === undefined || least === undefined || most === undefined) return '–';
  const spread = rounds.length > 1 && WITH_SPREAD.includes(name) ? ` (${least.toFixed(digits)}–${most.toFixed(digits)})` : '';
  return middle.toFixed(digits) + spread;
}

function targetRows(results: Results): string[][] {
  return [['', 'target', 'found', ''], ...targets(results).map(({ about, target, found, met }) => [about, target, found, met === null ? 'not measured' : met ? 'met' : 'missed'])];
}

function about({ date, quick, machine, versions, contenders, missing, scenarios }: Results): string[] {
  const stolen = scenarios.flatMap((scenario) => scenario.stolen);
  return [
    `${date.slice(0, 10)}${quick ? ', a quick run' : ''}; ${machine.cores} cores (${machine.cpu}), ${machine.memoryGb} GB; Node ${versions.node}, kube-apiserver ${versions.kubernetes}, etcd ${versions.etcd};`,
    `${contenders.map(({ name, version }) => (version === '-' ? name : `${name} ${version}`)).join(', ')}${missing.length === 0 ? '.' : `; without ${missing.map(({ name, why }) => `${name} (${why})`).join(', ')}.`}`,
    ...(stolen.some((part) => part > 0) ? [`Of the cores the host gave ${percent(median(stolen))} to other machines, ${percent(Math.max(...stolen))} in the worst turn.`] : []),
  ];
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

function withoutUnit(figure: FigureName): string {
  return FIGURES[figure].title.split(',')[0] ?? figure;
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((text, column) => (column === 0 ? text.padEnd(widths[column] ?? 0) : text.padStart(widths[column] ?? 0))).join('  ').trimEnd());
}

function markdown(rows: readonly (readonly string[])[]): string[] {
  const [header = [], ...rest] = rows;
  const line = (row: readonly string[]): string => `| ${row.join(' | ')} |`;
  return [line(header), `| ${header.map((_, column) => (column === 0 ? '---' : '---:')).join(' | ')} |`, ...rest.map(line)];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, ...only] = process.argv.slice(2);
  if (file === undefined) {
    process.stderr.write('usage: node --import tsx test/bench/report.ts FILE.json [SCENARIO…]\n');
    process.exitCode = 2;
  } else {
    process.stdout.write(asMarkdown(JSON.parse(await readFile(file, 'utf8')) as Results, only));
  }
}
