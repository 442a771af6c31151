import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, type Metrics } from '../../src/adapters/metrics.ts';
import type { AuthorityState } from '../../src/control/ports.ts';
import { testIntermediate, testRoot, type TestAuthority } from '../support/authority.ts';

const FOO = 'clusterissuers.cert-manager.io/foo';

test('of an issuer that is gone nothing is left on the page, whether it was ever served or not', async () => {
  const passing = 'issuers.cert-manager.io/ns.passing';
  let listed = [passing];
  const backlog = () => listed.map((signer) => ({ signer, paused: false, waiting: { turn: 1, rate: 0, concurrency: 0, ca: 0, retry: 0, approval: 0 } }));
  const metrics = createMetrics({ signers: [FOO], version: '1.2.3', backlog });
  for (const served of [false, true]) {
    listed = [passing];
    if (served) metrics.serve(passing);
    assert.ok((await text(metrics)).includes(passing));
    listed = [];
    metrics.forget(passing);
    assert.ok(!(await text(metrics)).includes(passing), `served: ${served}`);
  }
  metrics.forget(FOO);
  assert.ok((await text(metrics)).includes(FOO), 'one of the configuration stays');
});

test('every fixed name is on the page, with its type', async () => {
  const metrics = create();
  metrics.meter.authority(FOO, state(testRoot()));
  metrics.meter.bundle(FOO, 'ab');
  metrics.meter.watched(new Date(1_700_000_000_500));
  metrics.meter.bug('issue');
  const page = await text(metrics);
  const types = Object.fromEntries([...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]));
  assert.deepEqual(
    Object.fromEntries(Object.entries(types).filter(([name]) => name?.startsWith('signet_'))),
    {
      signet_requests_total: 'counter', signet_issue_duration_seconds: 'histogram', signet_pending_requests: 'gauge', signet_watch_last_event_timestamp_seconds: 'gauge', signet_events_dropped_total: 'counter', signet_webhook_reviews_total: 'counter',
      signet_bugs_total: 'counter', signet_build_info: 'gauge', signet_ca_ready: 'gauge', signet_ca_held: 'gauge', signet_ca_shared: 'gauge', signet_foreign_certificates_total: 'counter', signet_ca_expiration_timestamp_seconds: 'gauge', signet_bundle_info: 'gauge', signet_waiting_requests: 'gauge', signet_ca_paused: 'gauge', signet_record_entries: 'gauge', signet_record_head_info: 'gauge', signet_record_failing: 'gauge', signet_record_lost_total: 'counter',
    },
  );
  assert.match(page, /^signet_build_info\{version="1\.2\.3"\} 1$/m);
  assert.match(page, /^signet_watch_last_event_timestamp_seconds 1700000000\.5$/m);
  assert.match(page, /^signet_bugs_total\{where="issue"\} 1$/m);
  assert.match(page, /^process_resident_memory_bytes \d+$/m);
  assert.match(page, /^process_cpu_seconds_total [\d.]+$/m);
});

test('a timer that keeps the process alive is counted while it does, and an unreferenced one is not', async () => {
  const metrics = create();
  const timers = async (): Promise<number> => Number(/^nodejs_active_resources\{type="Timeout"\} (\d+)$/m.exec(await text(metrics))?.[1] ?? 0);
  const before = await timers();
  const timer = setTimeout(() => undefined, 60_000);
  assert.equal(await timers(), before + 1);
  timer.unref();
  assert.equal(await timers(), before);
  clearTimeout(timer);
});

test('a decision is counted under its signer; a signer that is not configured is "other", whatever it is called', async () => {
  const metrics = create();
  metrics.meter.decided(FOO, 'issued', 'PolicyAllowed');
  for (let i = 0; i < 50; i += 1) metrics.meter.decided(`example.test/${i}`, 'denied', 'SignerNotFound');
  const page = await text(metrics);
  assert.match(page, new RegExp(`^signet_requests_total\\{signer="${FOO}",outcome="issued",reason="PolicyAllowed"\\} 1$`, 'm'));
  assert.match(page, /^signet_requests_total\{signer="other",outcome="denied",reason="SignerNotFound"\} 50$/m);
  assert.ok(!page.includes('example.test'));
});

test('the series of a configured signer are there, at nought, before its first request', async () => {
  const page = await text(create());
  assert.match(page, new RegExp(`^signet_requests_total\\{signer="${FOO}",outcome="denied",reason="PolicyViolation"\\} 0$`, 'm'));
  assert.match(page, new RegExp(`^signet_pending_requests\\{signer="${FOO}"\\} 0$`, 'm'));
  assert.match(page, new RegExp(`^signet_issue_duration_seconds_count\\{signer="${FOO}"\\} 0$`, 'm'));
});

test('an issuance of 50 ms is within the promise, one of 51 ms is not', async () => {
  const metrics = create();
  metrics.meter.issued(FOO, 0.05);
  metrics.meter.issued(FOO, 0.051);
  const page = await text(metrics);
  assert.match(page, new RegExp(`^signet_issue_duration_seconds_bucket\\{le="0.05",signer="${FOO}"\\} 1$`, 'm'));
  assert.match(page, new RegExp(`^signet_issue_duration_seconds_bucket\\{le="0.075",signer="${FOO}"\\} 2$`, 'm'));
  assert.match(page, /le="0\.001"/);
  assert.match(page, /le="30"/);
});

test('a CA shows whether it is ready, what waits, and when each certificate of its chain ends', async () => {
  const metrics = create();
  const root = testRoot({ notAfter: new Date('2030-01-01T00:00:00Z') });
  const intermediate = testIntermediate(root, { notAfter: new Date('2028-01-01T00:00:00Z') });
  metrics.meter.authority(FOO, state(intermediate, 'another key'));
  const before = await text(metrics);
  assert.match(before, new RegExp(`^signet_ca_ready\\{signer="${FOO}"\\} 1$`, 'm'));
  assert.match(before, new RegExp(`^signet_ca_held\\{signer="${FOO}"\\} 1$`, 'm'));
  assert.deepEqual(expirations(before), { issuer: Date.parse('2028-01-01') / 1000, root: Date.parse('2030-01-01') / 1000 });

  metrics.meter.authority(FOO, state(root));
  assert.deepEqual(expirations(await text(metrics)), { issuer: Date.parse('2030-01-01') / 1000 });

  metrics.meter.authority(FOO, { ready: false, reason: 'CertificateAuthorityExpired', message: 'it ended' });
  const expired = await text(metrics);
  assert.match(expired, new RegExp(`^signet_ca_ready\\{signer="${FOO}"\\} 0$`, 'm'));
  assert.deepEqual(expirations(expired), { issuer: Date.parse('2030-01-01') / 1000 });
});

test('a new bundle takes the place of the one before', async () => {
  const metrics = create();
  metrics.meter.bundle(FOO, 'aa');
  metrics.meter.bundle(FOO, 'bb');
  assert.deepEqual((await text(metrics)).match(/^signet_bundle_info\{.*$/gm), [`signet_bundle_info{signer="${FOO}",sha256="bb"} 1`]);
});

test('a scraper gets OpenMetrics only if it asks, and the next one still finds the counters under their names', async () => {
  const metrics = create();
  const open = await metrics.page('application/openmetrics-text; version=1.0.0,text/plain;q=0.5');
  assert.match(open.contentType, /^application\/openmetrics-text; version=1\.0\.0/);
  assert.match(open.body, /^# TYPE signet_requests counter$/m);
  assert.match(open.body, /^signet_requests_total\{/m);
  assert.match(open.body, /# EOF\n$/);
  assert.doesNotMatch(open.body, /\n\n/);

  for (const accept of [undefined, '*/*', 'text/plain']) {
    const plain = await metrics.page(accept);
    assert.match(plain.contentType, /^text\/plain; version=0\.0\.4/);
    assert.match(plain.body, /^# TYPE signet_requests_total counter$/m);
    assert.doesNotMatch(plain.body, /# EOF/);
  }
});

test('what waits is counted when it is asked for', async () => {
  let rate = 2;
  const { page } = createMetrics({ signers: [FOO], version: '1.2.3', backlog: () => [{ signer: FOO, paused: rate > 0, waiting: { turn: 1, rate, concurrency: 0, ca: 0, retry: 0, approval: 3 } }] });
  const before = (await page(undefined)).body;
  assert.match(before, new RegExp(`^signet_waiting_requests\\{signer="${FOO}",why="rate"\\} 2$`, 'm'));
  assert.match(before, new RegExp(`^signet_waiting_requests\\{signer="${FOO}",why="approval"\\} 3$`, 'm'));
  assert.match(before, new RegExp(`^signet_ca_paused\\{signer="${FOO}"\\} 1$`, 'm'));
  rate = 0;
  const after = (await page(undefined)).body;
  assert.match(after, new RegExp(`^signet_waiting_requests\\{signer="${FOO}",why="rate"\\} 0$`, 'm'));
  assert.match(after, new RegExp(`^signet_ca_paused\\{signer="${FOO}"\\} 0$`, 'm'));
});

test('two in one process do not see each other', async () => {
  const [one, two] = [create(), create()];
  one.meter.bug('here');
  assert.doesNotMatch(await text(two), /where="here"/);
});

function create(): Metrics {
  return createMetrics({ signers: [FOO], version: '1.2.3' });
}

async function text(metrics: Metrics): Promise<string> {
  return (await metrics.page(undefined)).body;
}

function state({ chain, root }: TestAuthority, held: string | null = null): AuthorityState {
  return { ready: true, authority: { chain, anchor: root }, held };
}

function expirations(page: string): Record<string, number> {
  return Object.fromEntries([...page.matchAll(/^signet_ca_expiration_timestamp_seconds\{.*certificate="([^"]+)"\} (\S+)$/gm)].map(([, certificate = '', value]) => [certificate, Number(value)]));
}
