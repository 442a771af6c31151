import { setTimeout as wait } from 'node:timers/promises';
import { calm } from '../calm.ts';
import { served, withRunning, type Bench } from '../bench.ts';
import type { Contender, PreparedContender, RunningContender } from '../contender.ts';
import { etcdOf, MAX_OPERATIONS, type Etcd } from '../etcd.ts';
import type { Figures } from '../figures.ts';
import { clear, newPrefix } from '../load.ts';
import { turns, unlessLimited, type Scenario } from '../scenario.ts';
import { cpuMs, memoryMb } from '../usage.ts';

/** Kubernetes keeps a finished request for an hour: a mesh that signs fourteen a second has as many. */
const COUNT = 50_000;
const FOLDER = '/registry/certificatesigningrequests/';
const IDLE_MS = 15_000;

/** The names of the cases. */
export const EMPTY = 'no requests';
export const WHILE_RUNNING = `${COUNT} finished requests that came while it ran`;
export const AT_START = `${COUNT} finished requests that were there at its start`;

/** (e) Requests that are done stay around. Nothing is asked here: what they cost a signer that has only them. */
export const finished: Scenario = {
  id: 'e',
  title: `in the cluster, and nothing to do for ${IDLE_MS / 1000} s`,
  rounds: { full: 1, quick: 1 },
  inQuick: false,
  compare: ['idleCpu', 'rssMb'],
  without: unlessLimited,
  open: async (bench, contenders) => {
    // Side by side, as processes that have nothing to do are in nobody's way.
    const found = await sideBySide(bench, contenders);
    return turns((_, { name }) => Promise.resolve(found.get(name) ?? {}))(bench, contenders);
  },
};

async function sideBySide(bench: Bench, contenders: readonly Contender[]): Promise<Map<string, Record<string, Figures>>> {
  const etcd = etcdOf(bench.controlPlane);
  const found = new Map<string, Record<string, Figures>>(contenders.map(({ name }) => [name, {}]));
  const prepared = await Promise.all(contenders.map((contender) => bench.prepare(contender, bench.signers)));
  const note = async (kind: string, running: readonly RunningContender[]): Promise<void> => {
    await calm(bench, running);
    bench.say(`(e) ${kind}: nothing to do for ${IDLE_MS / 1000} s`);
    const figures = await Promise.all(running.map((each) => idle(bench, each)));
    for (const [index, { name }] of contenders.entries()) found.set(name, { ...found.get(name), [kind]: figures[index] ?? {} });
  };
  try {
    const template = await finishedOne(bench, prepared[0], etcd);
    await allRunning(prepared, async (running) => {
      await note(EMPTY, running);
      await fill(bench, etcd, template);
      await note(WHILE_RUNNING, running);
    });
    await allRunning(prepared, (running) => note(AT_START, running));
  } finally {
    await etcd.deletePrefix(FOLDER);
    await clear(bench);
  }
  return found;
}

async function allRunning(prepared: readonly PreparedContender[], work: (running: readonly RunningContender[]) => Promise<void>, started: readonly RunningContender[] = []): Promise<void> {
  const [next, ...rest] = prepared;
  if (next === undefined) return work(started);
  await withRunning(next, (running) => allRunning(rest, work, [...started, running]));
}

async function idle({ signal }: Bench, { pid }: RunningContender): Promise<Figures> {
  const [before, from] = [await cpuMs(pid), performance.now()];
  await wait(IDLE_MS, undefined, { signal });
  const used = (await cpuMs(pid)) - before;
  const { now, peak } = await memoryMb(pid);
  return { idleCpu: (used * 1000) / (performance.now() - from), rssMb: now, peakMb: peak };
}

type Template = { readonly prefix: string; readonly stored: Buffer };

/** As long as the numbers of its copies. */
const TEMPLATE = 'template';

/** A request that went all the way, as etcd has it. */
async function finishedOne(bench: Bench, prepared: PreparedContender | undefined, etcd: Etcd): Promise<Template> {
  const [signer] = prepared === undefined ? [] : served(prepared, bench.signers);
  if (prepared === undefined || signer === undefined) throw new Error('there is no contender that serves anything');
  const prefix = newPrefix('done');
  const name = prefix + TEMPLATE;
  await withRunning(prepared, async () => {
    await bench.client.approve(name, await bench.client.create(name, signer, prepared.usages));
    await bench.observer.waitFor(1);
  });
  const stored = await etcd.get(FOLDER + name);
  await clear(bench);
  return { prefix, stored };
}

/** Copies of the one request, each with a name and a uid of its own: of the same lengths, so that nothing else of the stored bytes changes. */
async function fill(bench: Bench, etcd: Etcd, { prefix, stored }: Template): Promise<void> {
  const started = performance.now();
  const text = stored.toString('latin1');
  const uid = /[0-9a-f]{8}(?=(-[0-9a-f]{4}){3}-[0-9a-f]{12})/.exec(text)?.[0];
  if (uid === undefined) throw new Error(`what etcd has for ${prefix}${TEMPLATE} holds no uid`);
  const copy = (index: number): readonly [string, Buffer] => {
    const name = prefix + String(index).padStart(TEMPLATE.length, '0');
    return [FOLDER + name, Buffer.from(text.replaceAll(prefix + TEMPLATE, name).replaceAll(uid, index.toString(16).padStart(8, '0')), 'latin1')];
  };
  for (let index = 0; index < COUNT; index += MAX_OPERATIONS) {
    bench.signal.throwIfAborted();
    await etcd.put(Array.from({ length: Math.min(MAX_OPERATIONS, COUNT - index) }, (_, offset) => copy(index + offset)));
  }
  bench.observer.reset();
  bench.say(`(e) ${COUNT} finished requests put into etcd in ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
