import type { FigureName, Figures } from './figures.ts';
import type { Results, Summary } from './results.ts';
import { AT_START, EMPTY, WHILE_RUNNING } from './scenarios/finished.ts';

/** What Signet is meant to reach, and whether it did; `met` is null where a run did not measure it. */
export type Target = { readonly about: string; readonly target: string; readonly found: string; readonly met: boolean | null };

/** Of the medians of one run; of those scenarios only that were part of it. */
export function targets(results: Results): Target[] {
  return all(results).filter(({ about }) => results.scenarios.some(({ id }) => about.startsWith(`(${id})`)));
}

function all(results: Results): Target[] {
  const find = (scenario: string, name: string, contender = 'signet'): Summary | undefined =>
    results.scenarios.find(({ id }) => id === scenario)?.cases.find((each) => each.name === name)?.contenders.find((each) => each.contender === contender);
  const value = (scenario: string, name: string, figure: FigureName): number | undefined => find(scenario, name)?.median[figure];
  const ratio = (scenario: string, name: string, base: string, figure: FigureName): number | undefined => (find(scenario, name)?.ratios[base] as Figures | undefined)?.[figure];
  const drain = results.quick ? '500' : '3000';
  const flood = results.scenarios.find(({ id }) => id === 'd')?.cases[0]?.name ?? '';
  const steady = results.scenarios.find(({ id }) => id === 'b')?.cases[0]?.name ?? '';
  const [small, large] = [value('a', '500', 'rssMb'), value('a', '3000', 'rssMb')];
  const [mixed, apart] = [value('d', flood, 'p99'), value('d', flood, 'apartP99')];
  const full = results.scenarios.find(({ id }) => id === 'e')?.cases ?? [];
  const [empty, running, started] = [EMPTY, WHILE_RUNNING, AT_START].map((name) => full.find((each) => each.name === name)?.contenders.find(({ contender }) => contender === 'signet')?.median);
  const more = (figure: FigureName, than: Figures | undefined): number | undefined => {
    const found = [running?.[figure], started?.[figure]].filter((each) => each !== undefined);
    const base = than?.[figure];
    return base === undefined || found.length === 0 ? undefined : Math.max(...found) - base;
  };
  return [
    atLeast('(a) 500, signed/s ÷ ceiling', 0.9, ratio('a', '500', 'ceiling', 'signedPerSecond')),
    atLeast('(a) 500, signed/s ÷ cert-manager', 1.8, ratio('a', '500', 'cert-manager', 'signedPerSecond')),
    atLeast('(h) drain, signed/s ÷ ceiling', 0.8, ratio('h', drain, 'ceiling', 'signedPerSecondFromStart')),
    atLeast('(h) drain, signed/s ÷ cert-manager', 2, ratio('h', drain, 'cert-manager', 'signedPerSecondFromStart')),
    atMost('(a) 500, CPU, ms/cert', 1, value('a', '500', 'cpuMs')),
    atMost('(a) 500, CPU ÷ cert-manager', 0.65, ratio('a', '500', 'cert-manager', 'cpuMs')),
    atMost('(b) p50 ÷ ceiling', 1.3, ratio('b', steady, 'ceiling', 'p50')),
    atMost('(b) p99 ÷ ceiling', 1.3, ratio('b', steady, 'ceiling', 'p99')),
    atMost('(a) 3000, RSS ÷ cert-manager', 1.2, ratio('a', '3000', 'cert-manager', 'rssMb')),
    atMost('(a) RSS after 3000 over after 500, MB', 15, small === undefined || large === undefined ? undefined : large - small),
    atMost('(d) quiet tenant, p99 ÷ p99 apart', 1.5, mixed === undefined || apart === undefined ? undefined : mixed / apart),
    atMost('(e) RSS over an empty cluster, MB', 20, more('rssMb', empty)),
    atMost('(e) idle CPU over an empty cluster, ms/s', 0.5, more('idleCpu', empty)),
    atMost('(g) start to first certificate, ms', 600, results.scenarios.find(({ id }) => id === 'g')?.cases[0]?.contenders.find(({ contender }) => contender === 'signet')?.median.startMs),
    atMost('(a) 500, writes/cert', 1, value('a', '500', 'writes')),
    atMost('(a) 500, reads/cert', 0, value('a', '500', 'reads')),
  ];
}

function atLeast(about: string, least: number, found: number | undefined): Target {
  return { about, target: `≥ ${least}`, found: found?.toFixed(2) ?? '–', met: found === undefined ? null : found >= least };
}

function atMost(about: string, most: number, found: number | undefined): Target {
  return { about, target: `≤ ${most}`, found: found?.toFixed(2) ?? '–', met: found === undefined ? null : found <= most };
}
