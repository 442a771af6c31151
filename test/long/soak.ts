import { setTimeout as wait } from 'node:timers/promises';
import type { ControlPlane } from '../support/rig/apiserver.ts';
import { sumOf } from '../support/metrics-page.ts';
import { until } from '../support/rig/until.ts';
import type { SignetProcess } from '../support/signet.ts';
import { startWorkloads } from '../support/workloads.ts';
import { medianRest, type Rest, type Run, type Sample } from './analysis.ts';
import { openInspector, type Inspector } from './inspector.ts';
import { createLoad } from './load.ts';
import { look, metricsPage, type Look } from './probe.ts';
import { startReferee } from './referee.ts';

export type SoakOptions = {
  readonly controlPlane: ControlPlane;
  /** Started with INSPECTABLE. */
  readonly signet: SignetProcess;
  /** Each signer with the namespace of its workloads. */
  readonly signers: Readonly<Record<string, string>>;
  readonly perSecond: number;
  /** Seconds of load before the first rest: what is loaded, compiled and opened once is there by then. */
  readonly warmUp: number;
  /** Seconds of load between the two rests. */
  readonly seconds: number;
  readonly sampleSeconds: number;
  /** Seconds that a rest may take to begin. Over 30, the longest wait of a retry: one that has nothing to do any more ends when its time comes. */
  readonly calm?: number;
  /** Seconds that it rests before it is looked at. Connections are closed after a minute without use, and nothing but time tells. */
  readonly rest: number;
  /** How often it is looked at rest, of which the median counts: one look may meet a watch that is just being renewed. */
  readonly looks: number;
  readonly onSample?: (sample: Sample) => void;
};

export type Soak = Run & {
  readonly made: number;
  /** Workloads that got their certificate. */
  readonly served: number;
  /** Certificates that the referee saw. */
  readonly answered: number;
  /** Requests a second, less than asked for where the machine could not keep the pace. */
  readonly pace: number;
  /** The most requests that were under way at once. */
  readonly peak: number;
  /** Certificates by Signet's own count. */
  readonly issued: number;
  readonly refused: number;
  readonly bugs: number;
  /** Of workloads, samples and referee; empty: none. */
  readonly troubles: readonly string[];
};

/** Lets a Signet that runs already work at an even pace, and looks at it meanwhile and at rest, before and after. */
export async function soak({ controlPlane, signet, signers, perSecond, warmUp, seconds, sampleSeconds, calm = 40, rest, looks, onSample }: SoakOptions): Promise<Soak> {
  using workloads = await startWorkloads(controlPlane, { signers: Object.keys(signers) });
  using referee = await startReferee(controlPlane);
  using inspector = await openInspector(signet.process);
  const url = await metricsAddress(signet);
  const pid = await signet.process.pid();
  const load = createLoad({ workloads, referee, signers, perSecond });

  await load.run(warmUp);
  const before = await atRest({ pid, url, inspector, calm, rest, looks });
  const samples: Sample[] = [];
  const troubles: string[] = [];
  const sampling = sampleEvery(sampleSeconds, seconds, () => look(pid, url), (sample) => {
    samples.push(sample);
    onSample?.(sample);
  }).catch((error: unknown) => troubles.push(String(error)));
  const pace = await load.run(seconds);
  await sampling;
  const after = await atRest({ pid, url, inspector, calm, rest, looks, timers: before.timers });

  const page = await metricsPage(url);
  return {
    before,
    samples,
    after,
    made: load.made,
    served: load.served,
    answered: referee.count,
    pace,
    peak: load.peak,
    issued: sumOf(page, 'signet_requests_total', 'outcome="issued"'),
    refused: sumOf(page, 'signet_requests_total', 'outcome="failed"') + sumOf(page, 'signet_requests_total', 'outcome="denied"'),
    bugs: sumOf(page, 'signet_bugs_total'),
    troubles: [...troubles, ...load.troubles, ...referee.objections],
  };
}

/** Read once: the log grows by thirty lines a second. */
function metricsAddress(signet: SignetProcess): Promise<string> {
  const port = (): number | undefined => (signet.log().find(({ message }) => message === 'started')?.['http'] as { port: number } | undefined)?.port;
  return until(port, { what: 'Signet to say where it listens', process: signet.process }).then((found) => `http://127.0.0.1:${found}/metrics`);
}

async function sampleEvery(interval: number, seconds: number, take: () => Promise<Look>, onSample: (sample: Sample) => void): Promise<void> {
  const began = performance.now();
  for (let due = interval; due <= seconds; due += interval) {
    await wait(Math.max(0, due * 1000 - (performance.now() - began)));
    const { rss, heap, sockets, timers, pending } = await take();
    onSample({ seconds: (performance.now() - began) / 1000, rss, heap, sockets, timers, pending });
  }
}

type RestOptions = Pick<SoakOptions, 'rest' | 'looks'> & {
  readonly pid: number;
  readonly url: string;
  readonly inspector: Inspector;
  readonly calm: number;
  /** As many as there were at the last rest. */
  readonly timers?: number;
};

/** More than a renewal of a watch takes, with the second for which its old connection is kept. */
const BETWEEN_LOOKS_MS = 4_000;

async function atRest({ pid, url, inspector, calm, rest, looks, timers: before = Infinity }: RestOptions): Promise<Rest> {
  const isCalm = async (): Promise<boolean> => {
    const { pending, timers } = await look(pid, url);
    return pending === 0 && timers <= before;
  };
  await until(isCalm, { what: 'nothing to wait', seconds: calm }).catch(() => undefined); // Else the findings say what is left.
  await wait(rest * 1000);
  const rests: Rest[] = [];
  while (rests.length < looks) {
    if (rests.length > 0) await wait(BETWEEN_LOOKS_MS);
    const alive = await inspector.alive();
    const { sockets, files, timers, pending, series } = await look(pid, url);
    rests.push({ ...alive, sockets, files, timers, pending, series });
  }
  return medianRest(rests);
}
