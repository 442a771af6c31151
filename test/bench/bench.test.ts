// The benchmark in small, on the real API server: that it measures what it says, not how fast anything is.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { median, percentile } from '../support/quantiles.ts';
import { parseArguments, UsageError } from './arguments.ts';
import { callsBetween } from './api-calls.ts';
import { ceiling } from './contenders/ceiling.ts';
import { signet } from './contenders/signet.ts';
import type { Contender } from './contender.ts';
import { FIGURES, type FigureName } from './figures.ts';
import { measure } from './measure.ts';
import { plot } from './plot.ts';
import { asMarkdown } from './report.ts';
import { summarize, type Results, type Summary } from './results.ts';
import { burst } from './scenarios/burst.ts';
import { watchStolen } from './stolen.ts';
import { targets } from './targets.ts';

const BURST: readonly FigureName[] = ['signedPerSecond', 'p50', 'p90', 'p99', 'cpuMs', 'rssMb', 'peakMb', 'writes', 'reads', 'serverCpuMs', 'clientCpuMs'];

describe('forty requests at once, Signet and the ceiling in turns', () => {
  const absent: Contender = { ...ceiling, name: 'absent', prepare: () => Promise.reject(new Error('it was never built')) };
  const said: string[] = [];
  let results: Results;
  before(async () => {
    // Of the first turn the host takes a third.
    const taken = [0.33, 0.01, 0.02];
    const stolen = () => () => taken.shift() ?? 0;
    results = await measure({ scenarios: [burst({ small: 40 })], contenders: [signet, absent, ceiling], quick: true, rounds: 2, stolen, say: (line) => said.push(line), signal: AbortSignal.timeout(240_000) });
  });

  it('a turn of which the host gave a third to other machines is done again and does not count; what others had in the rest is told', () => {
    assert.equal(said.filter((line) => line.includes('took 33 % of the cores: this turn is done again')).length, 1);
    assert.deepEqual(results.scenarios.map(({ stolen }) => stolen), [[0.01, 0.02, 0, 0]]);
    assert.match(asMarkdown(results), /the host gave 0\.5 % to other machines, 2\.0 % in the worst turn/);
  });

  it('each contender has every figure for every round, and none is nonsense', () => {
    assert.deepEqual(forty(results).map(({ contender, rounds }) => [contender, rounds.length]), [['signet', 2], ['ceiling', 2]]);
    for (const { contender, rounds } of forty(results)) {
      for (const round of rounds) {
        assert.deepEqual(Object.keys(round).sort(), [...BURST].sort());
        for (const name of BURST.filter((each) => each !== 'reads')) assert.ok((round[name] ?? 0) > 0, `${contender}: ${name} is ${round[name]}`);
        assert.ok((round.p50 ?? NaN) <= (round.p99 ?? NaN));
        assert.ok((round.rssMb ?? NaN) <= (round.peakMb ?? NaN));
      }
    }
  });

  it('Signet makes exactly one call of the API server for a certificate, and so does the ceiling', () => {
    for (const { contender, rounds } of forty(results)) {
      for (const { writes, reads } of rounds) assert.deepEqual({ contender, writes, reads }, { contender, writes: 1, reads: 0 });
    }
  });

  it('a contender that cannot be had is named with the reason, and the others are measured', () => {
    assert.deepEqual(results.missing, [{ name: 'absent', why: 'it was never built' }]);
    assert.deepEqual(results.contenders.map(({ name }) => name), ['signet', 'ceiling']);
  });

  it('survives JSON, and the table and the plot name both', () => {
    const again = JSON.parse(JSON.stringify(results)) as Results;
    assert.deepEqual(again, results);
    const table = asMarkdown(again);
    assert.match(table, /^\| signet \| \d+ \(\d+–\d+\) \|/m);
    assert.match(table, /^\| ceiling \| \d+ \(\d+–\d+\) \|/m);
    assert.match(table, /without absent \(it was never built\)/);
    assert.match(plot(again), /<svg [^]*>signet<[^]*>ceiling<[^]*<\/svg>/);
  });
});

function forty({ scenarios }: Results): readonly Summary[] {
  return scenarios[0]?.cases.find(({ name }) => name === '40')?.contenders ?? [];
}

describe('the arithmetic', () => {
  it('what the host took is told in proportion to what this machine wanted, idle time and waiting for disks apart', () => {
    const texts = ['cpu  100 10 50 5000 70 0 5 20 3 0\ncpu0 1 1 1\n', 'cpu  150 10 90 9000 99 2 13 70 9 0\ncpu0 9 9 9\n'];
    const read = (): string => texts.shift() ?? '';
    assert.equal(watchStolen(read)(), 50 / (50 + 50 + 40 + 2 + 8));
  });

  it('the median is the middle, a percentile is a value that was seen', () => {
    assert.equal(median([3, 1, 2]), 2);
    assert.equal(median([4, 1, 2, 3]), 2.5);
    const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
    assert.deepEqual([0.5, 0.9, 0.99, 1].map((part) => percentile(hundred, part)), [50, 90, 99, 100]);
    assert.equal(percentile([7], 0.5), 7);
  });

  it('a contender is told in proportion to the medians of others, and never to itself', () => {
    const { contenders } = summarize('500', new Map([['signet', [{ cpuMs: 1 }, { cpuMs: 3 }]], ['ceiling', [{ cpuMs: 0.5 }]]]));
    assert.deepEqual(contenders.map(({ contender, median: middle, min, max, ratios }) => ({ contender, middle, min, max, ratios })), [
      { contender: 'signet', middle: { cpuMs: 2 }, min: { cpuMs: 1 }, max: { cpuMs: 3 }, ratios: { ceiling: { cpuMs: 4 } } },
      { contender: 'ceiling', middle: { cpuMs: 0.5 }, min: { cpuMs: 0.5 }, max: { cpuMs: 0.5 }, ratios: {} },
    ]);
  });

  it('calls that the bench made itself, and those that no signer makes, are not counted', () => {
    const csrs = 'certificates.k8s.io/certificatesigningrequests';
    const first = new Map([[`PUT ${csrs}/approval`, 5], ['PUT coordination.k8s.io/leases', 1]]);
    const second = new Map([[`PUT ${csrs}/approval`, 15], [`POST ${csrs}`, 10], [`PATCH ${csrs}/status`, 10], [`GET ${csrs}`, 3], ['POST events', 2], ['PUT coordination.k8s.io/leases', 9], [`WATCH ${csrs}`, 1]]);
    assert.deepEqual(callsBetween(first, second, { creates: 10, approvals: 10 }), { writes: 12, reads: 3 });
    assert.deepEqual(callsBetween(first, second, { creates: 10, approvals: 9 }), { writes: 13, reads: 3 });
  });

  it('a target is met at its bound, missed beyond it, and not judged where nothing was measured', () => {
    const [atBound, beyond] = [1, 1.01].map((cpuMs) => targets(resultsWith({ cpuMs, writes: 1, reads: 0 })));
    const verdict = (all: typeof atBound, about: string): boolean | null | undefined => all?.find((each) => each.about === about)?.met;
    assert.equal(verdict(atBound, '(a) 500, CPU, ms/cert'), true);
    assert.equal(verdict(beyond, '(a) 500, CPU, ms/cert'), false);
    assert.equal(verdict(atBound, '(a) 500, signed/s ÷ ceiling'), null);
    assert.equal(verdict(atBound, '(g) start to first certificate, ms'), undefined);
  });

  it('every figure has a column and an explanation', () => {
    for (const [name, { title, about }] of Object.entries(FIGURES)) assert.ok(title.length > 0 && about.length > 0, name);
  });
});

function resultsWith(figures: Record<string, number>): Results {
  const cases = [summarize('500', new Map([['signet', [figures]]]))];
  const machine = { cores: 2, cpu: 'any', memoryGb: 1, system: 'any' };
  return { date: '2026-03-04T12:00:00.000Z', quick: false, machine, versions: { node: '-', kubernetes: '-', etcd: '-' }, contenders: [], missing: [], scenarios: [{ id: 'a', title: '', compare: [], cases, without: [], stolen: [] }] };
}

describe('the command line', () => {
  it('takes lists of names, and refuses a name that there is not', () => {
    const parsed = parseArguments(['--quick', '--scenario', 'a,h', '--contender', 'ceiling,signet', '--rounds', '3']);
    assert.deepEqual(parsed?.scenarios.map(({ id }) => id), ['a', 'h']);
    assert.deepEqual(parsed?.contenders?.map(({ name }) => name), ['signet', 'ceiling']);
    assert.equal(parsed?.rounds, 3);
    assert.throws(() => parseArguments(['--scenario', 'a,z']), new UsageError('--scenario: there is no "z"; there are a, b, c, d, f, g, h, e'));
    assert.throws(() => parseArguments(['--contender', 'Signet']), UsageError);
    assert.throws(() => parseArguments(['--rounds', '0']), UsageError);
    assert.throws(() => parseArguments(['--fast']), UsageError);
    assert.equal(parseArguments(['--help']), null);
  });

  it('ends with 2 for what it does not understand, and with 0 for help', async () => {
    const ends = (...args: string[]): Promise<number | null> =>
      new Promise((resolve, reject) => {
        const child = spawn(process.execPath, ['--import', 'tsx', join(import.meta.dirname, 'run.ts'), ...args], { stdio: 'ignore' });
        child.once('error', reject);
        child.once('exit', resolve);
      });
    assert.equal(await ends('--scenario', 'z'), 2);
    assert.equal(await ends('--help'), 0);
  });
});
