import { withRunning, type Bench } from '../bench.ts';
import type { BenchSigner, RunningContender } from '../contender.ts';
import type { Figures } from '../figures.ts';
import { clear, inParallel, inTime, latencies, newPrefix, warmUp } from '../load.ts';
import { turns, unlessLimited, type Scenario } from '../scenario.ts';
import { benchSigners } from '../signers.ts';

/** Each of them asks once a second: five times the samples of one, and still next to no load. */
const QUIET = benchSigners({ count: 5, prefix: 'quiet' });

/** Requests of the flood under way at once while it is kept up. */
const TOP_UP = 16;

/**
 * (d) One tenant has a long queue while others ask once a second. How long these wait is compared with the same flood in the same
 * cluster being signed by a second process of the same contender, where no queue of one process can matter.
 */
export const flood: Scenario = {
  id: 'd',
  title: `requests of one tenant wait all the time while ${QUIET.length} others ask once a second`,
  rounds: { full: 1, quick: 1 },
  inQuick: true,
  compare: ['p50', 'p99'],
  without: (contender) => unlessLimited(contender) ?? (contender.maxSigners <= QUIET.length ? 'it serves one signer' : null),
  open: turns(async (bench, contender) => {
    const [backlog, seconds] = bench.quick ? [500, 8] : [2_000, 20];
    // A signer of another domain: a process that does not serve it has nothing to say about it either.
    const [loud] = benchSigners({ count: 1, prefix: 'loud', ...(contender.separable && { domain: 'flood.bench.example' }) });
    if (loud === undefined) throw new Error('one signer was asked for');
    const both = await bench.prepare(contender, [...QUIET, loud], 'both');
    const mixed = await withRunning(both, (running) => quietLatencies(bench, { loud, backlog, seconds, processes: [running] }));
    if (!contender.separable) return { [backlog]: mixed };
    const [quiet, other] = [await bench.prepare(contender, QUIET, 'quiet'), await bench.prepare(contender, [loud], 'loud')];
    const apart = await withRunning(quiet, (one) => withRunning(other, (two) => quietLatencies(bench, { loud, backlog, seconds, processes: [one, two] })));
    return { [backlog]: { ...mixed, apartP50: apart.p50, apartP99: apart.p99 } };
  }),
};

type Flood = { readonly loud: BenchSigner; readonly backlog: number; readonly seconds: number; readonly processes: readonly RunningContender[] };

/** Builds up the backlog, keeps it there, and asks for the quiet tenants meanwhile. */
async function quietLatencies(bench: Bench, { loud, backlog, seconds, processes }: Flood): Promise<Required<Pick<Figures, 'p50' | 'p90' | 'p99'>>> {
  const { client, observer, signal, say } = bench;
  await warmUp(bench, { signers: [...QUIET, loud] });
  const ask = async (name: string, signer: BenchSigner): Promise<number> => client.approve(name, await client.create(name, signer));

  const [loudly, quietly] = [newPrefix('loud'), newPrefix('quiet')];
  // A stopped process leaves the queue alone until it is as long as it is to be.
  for (const { process } of processes) await process.freeze();
  let made = backlog;
  await inParallel(backlog, 32, async (index) => void (await ask(`${loudly}${index}`, loud)), signal);
  for (const { process } of processes) process.thaw();

  let asking = true;
  let least = backlog;
  const approvals = new Map<string, number>();
  const loudSigned = (): number => observer.signed.size - [...approvals.keys()].filter((name) => observer.signed.has(name)).length;
  const topUp = async (): Promise<void> => {
    while (asking) {
      const waiting = made - loudSigned();
      least = Math.min(least, waiting);
      if (waiting < backlog) await ask(`${loudly}${made++}`, loud);
      else await observer.waitFor(observer.signed.size + 1);
    }
  };
  const quiet = inTime(QUIET.length * seconds, QUIET.length, async (index) => {
    const signer = QUIET[index % QUIET.length];
    if (signer !== undefined) approvals.set(`${quietly}${index}`, await ask(`${quietly}${index}`, signer));
  }, signal);
  await Promise.all([quiet.finally(() => (asking = false)), ...Array.from({ length: TOP_UP }, topUp)]);
  await observer.waitFor(approvals.size, quietly);
  const found = latencies(bench, approvals);
  say(`(d) ${processes.length === 1 ? 'one process' : 'a process each'}: ${made} requests of the flood made, ${loudSigned()} signed, never fewer than ${least} waiting`);
  await clear(bench);
  return found;
}
