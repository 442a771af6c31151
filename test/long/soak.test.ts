// The built program works for a while at thirty certificates a second, on a real API server, and is then to be what it was: nothing kept of
// requests that are done, no connection, timer or listener more. In `npm test` for a minute; `npm run test:long` takes 20 minutes and judges
// the trend of the memory too, which no minute can tell from a heap that has not been collected yet.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { testRoot } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { SIGNER_DOMAIN } from '../support/mesh.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { startSignet } from '../support/signet.ts';
import { tenantsConfig } from '../support/tenants-config.ts';
import { findings, type Bounds } from './analysis.ts';
import { INSPECTABLE } from './inspector.ts';
import { leaking } from './leak.ts';
import { soak, type Soak, type SoakOptions } from './soak.ts';
import { header, restLine, row, slopeLine } from './table.ts';

const TENANTS = ['foo', 'bar', 'baz'] as const;
const SIGNERS = Object.fromEntries(TENANTS.map((name) => [`${SIGNER_DOMAIN}/${name}`, name]));
const PER_SECOND = 30;
/** Asked for with SIGNET_LONG_MINUTES; null: the quick form. */
const MINUTES = longMinutes(process.env['SIGNET_LONG_MINUTES']);
/** Of the long form: until then caches fill and the heap finds its size. */
const WARM_UP_MINUTES = 5;
/**
 * MB. What the heap holds at rest is mostly code, of which more is compiled and less is kept as it sees fit: seen to differ by one MB either
 * way in ten minutes. What is kept of each request shows sooner in the entries; this is for what is large.
 */
const HEAP_GROWTH = 2.5;
/** A new outcome of one signer, a histogram of another: far less than one for each of a thousand requests. */
const NEW_SERIES = 40;
/** One for each request would be a thousand and more. */
const NEW_ENTRIES = 400;
/** 25 were seen. */
const ENTRIES_OF_A_CONNECTION = 40;
/** Well over the 60 s after which the pool closes a connection that nobody uses. */
const REST_SECONDS = 75;

const skip = process.platform === 'linux' ? false : 'it reads /proc, which only Linux has';

describe(MINUTES === null ? 'a minute of work' : `${MINUTES} minutes of work`, { skip }, () => {
  let controlPlane: ControlPlane;

  before(async () => {
    controlPlane = await startControlPlane();
    await controlPlane.namespaces('cert-manager', 'istio-system');
    for (const name of TENANTS) await controlPlane.api.apply(caSecret(`${name}-ca`, testRoot({ name, key: name === 'baz' ? 'RSA-2048' : 'P-256', ...validNow() })));
  });
  after(async () => controlPlane?.[Symbol.asyncDispose]());

  it('answers every request once and leaves nothing behind', async () => {
    const form: Form = MINUTES === null ? { warmUp: 10, seconds: 30, sampleSeconds: 5, rest: 0, looks: 1, tellEvery: 10 } : { warmUp: 60, seconds: MINUTES * 60, sampleSeconds: 5, rest: REST_SECONDS, looks: 5, tellEvery: 60 };
    const done = await run(controlPlane, form);
    assertServed(done);
    assert.deepEqual(findings(done, bounds(done)), []);
    if (MINUTES !== null) assert.ok(done.pace >= PER_SECOND * 0.99, `only ${done.pace.toFixed(2)} requests a second were made: the machine had more to do than this run`);
  });

  it('would be found out if it leaked: the same figures of a program that does are objected to', async () => {
    const done = await run(controlPlane, { warmUp: 3, seconds: 6, sampleSeconds: 2, calm: 1, rest: 0, looks: 1, tellEvery: 2, nodeArgs: leaking() });
    assertServed(done);
    const found = findings(done, bounds(done));
    for (const what of [/^active timers/, /^timers in the heap/, /^listeners on AbortSignals/, /^entries of/, /^open sockets at rest/, /^the heap at rest/]) assert.ok(found.some((each) => what.test(each)), `${what} is not among: ${found.join('; ')}`);
  });
});

type Form = Pick<SoakOptions, 'warmUp' | 'seconds' | 'sampleSeconds' | 'calm' | 'rest' | 'looks'> & { readonly tellEvery: number; readonly nodeArgs?: readonly string[] };

/** Of a Signet of its own. */
async function run(controlPlane: ControlPlane, { tellEvery, nodeArgs = [], ...form }: Form): Promise<Soak> {
  await using signet = await startSignet({ controlPlane, config: tenantsConfig(TENANTS), nodeArgs: [...INSPECTABLE, ...nodeArgs] });
  await signet.ready();
  console.log(header());
  const onSample: SoakOptions['onSample'] = (sample) => {
    if (Math.round(sample.seconds / form.sampleSeconds) % (tellEvery / form.sampleSeconds) === 0) console.log(row(sample));
  };
  const done = await soak({ controlPlane, signet, signers: SIGNERS, perSecond: PER_SECOND, onSample, ...form });
  console.log(`${slopeLine(done.samples, MINUTES === null ? null : WARM_UP_MINUTES)}\n${restLine(done.before, done.after)}\n${done.made} requests, ${done.pace.toFixed(1)} a second, at most ${done.peak} at once`);
  return done;
}

function bounds({ peak, before: { sockets }, after: then }: Soak): Bounds {
  const newEntries = NEW_ENTRIES + ENTRIES_OF_A_CONNECTION * Math.max(0, then.sockets - sockets);
  const common = { heapGrowth: HEAP_GROWTH, newSeries: NEW_SERIES, newEntries };
  if (MINUTES !== null) return { ...common, idleSockets: 0, trend: { from: WARM_UP_MINUTES, to: MINUTES, rssSlope: 0.2 } };
  // A connection that a busy moment opened stays for a minute, for which this form has no time: there are at most as many as requests were under way.
  return { ...common, idleSockets: peak, trend: null };
}

/** By the workloads, by the referee and by Signet's own count. */
function assertServed({ made, served, answered, issued, refused, bugs, troubles }: Soak): void {
  assert.deepEqual(troubles, []);
  assert.deepEqual({ served, answered, issued, refused, bugs }, { served: made, answered: made, issued: made, refused: 0, bugs: 0 });
}

/** The requests are made with a token of an hour. */
function longMinutes(text: string | undefined): number | null {
  if (text === undefined || text === '') return null;
  const minutes = Number(text);
  if (!(minutes >= 10 && minutes <= 50)) throw new Error(`SIGNET_LONG_MINUTES is "${text}", and it takes minutes from 10 to 50, of which the first ${WARM_UP_MINUTES} are not judged`);
  return minutes;
}
