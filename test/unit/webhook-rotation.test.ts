// The webhook's certificates over their whole life, under a clock that the test moves: whoever is told of its CA can always verify it.
import assert from 'node:assert/strict';
import { X509Certificate, randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { connect } from '../../src/adapters/kubernetes/connection.ts';
import { startWebhook, type Webhook } from '../../src/adapters/webhook/webhook.ts';
import { testClock, type TestClock } from '../support/clock.ts';
import { startFakeApiserver, until, type Exchange, type FakeWatch } from '../support/fake-apiserver.ts';
import { rememberingLog, type Line } from '../support/ports.ts';
import { servedCertificate } from '../support/served-certificate.ts';

const SECRETS = '/api/v1/namespaces/signet-system/secrets';
const CONFIGURATIONS = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';
const DAY = 86_400;
const SIGNERS = ['signers.example/b', 'signers.example/a'];

const stops: (() => Promise<void>)[] = [];
after(async () => {
  for (const stop of stops.reverse()) await stop();
});

test('at the first start it makes its CA, tells the API server, and presents a certificate for the host that is called', async () => {
  const world = await start();
  await world.settled();
  assert.deepEqual(world.served(), 'object.spec.signerName in ["signers.example/a", "signers.example/b"]');
  const { leaf } = await world.check();
  assert.equal(leaf.subjectAltName, 'DNS:signet.signet-system.svc');
  assert.equal(leaf.subject, undefined);
  assert.deepEqual(Object.keys(world.secret() ?? {}).sort(), ['tls.crt', 'tls.key']);
  assert.doesNotMatch(JSON.stringify(world.lines), /PRIVATE KEY/);
});

test('the next start goes on with the CA that is kept, and writes nothing', async () => {
  const first = await start();
  await first.settled();
  const writes = first.writes.length;
  const next = await start({ before: first });
  await next.settled();
  const { bundle } = await next.check();
  assert.deepEqual(bundle.map(({ fingerprint256 }) => fingerprint256), (await first.check()).bundle.map(({ fingerprint256 }) => fingerprint256));
  assert.deepEqual([writes, next.writes], [2, []]);
});

test('the certificate is renewed when a third of its life is left, and not before', async () => {
  const world = await start();
  await world.settled();
  const { leaf } = await world.check();
  world.clock.advance(4.5 * DAY);
  await world.look();
  assert.equal((await world.check()).leaf.serialNumber, leaf.serialNumber);
  world.clock.advance(0.5 * DAY);
  await world.look();
  assert.notEqual((await world.check()).leaf.serialNumber, leaf.serialNumber);
});

test('so is the CA: the API server is told of the new one and the old one before anything by the new one is presented', async () => {
  const world = await start();
  await world.settled();
  const [old] = (await world.check()).bundle;
  world.clock.advance(240 * DAY);
  await world.look();
  assert.deepEqual((await world.check()).bundle.map(({ fingerprint256 }) => fingerprint256), [old?.fingerprint256]);

  world.clock.advance(5 * DAY);
  world.holdConfiguration(true);
  await world.look();
  // The Secret has the new CA; the API server refuses to be told. What is presented must be of the old one.
  await until('the new CA is kept', () => world.secret()?.['previous.crt'] !== undefined);
  await world.look();
  const meanwhile = await world.check();
  assert.deepEqual([meanwhile.bundle.length, meanwhile.leaf.verify(old?.publicKey ?? meanwhile.leaf.publicKey)], [1, true]);

  world.holdConfiguration(false);
  await world.look();
  await until('the API server to be told of both', () => world.bundle().length === 2);
  await world.look();
  const { bundle, leaf } = await world.check();
  assert.equal(bundle[1]?.fingerprint256, old?.fingerprint256);
  assert.ok(bundle[0] !== undefined && leaf.verify(bundle[0].publicKey));

  // A year later the old one is over, and goes.
  world.clock.advance(130 * DAY);
  await world.look();
  await until('the old CA to be gone', () => world.bundle().length === 1);
  assert.notEqual((await world.check()).bundle[0]?.fingerprint256, old?.fingerprint256);
});

test('through a year and a half of a look every other day there is no day without a certificate that whoever was told can verify', async () => {
  const world = await start();
  await world.settled();
  const serials = new Set<string>();
  const authorities = new Set<string>();
  for (let day = 0; day < 540; day += 2) {
    world.clock.advance(2 * DAY);
    await world.look();
    const { leaf, bundle } = await world.check();
    serials.add(leaf.serialNumber);
    for (const { fingerprint256 } of bundle) authorities.add(fingerprint256);
  }
  assert.ok(serials.size > 80 && authorities.size >= 3, `${serials.size} certificates by ${authorities.size} CAs`);
});

test('a Secret that was emptied, or holds half a pair, is made anew', async () => {
  for (const spoiled of [{}, { 'tls.crt': Buffer.from('nonsense').toString('base64') }, { 'tls.key': '' }]) {
    const world = await start({ secret: spoiled });
    await world.settled();
    await world.check();
    assert.ok(world.secret()?.['tls.key'] !== undefined);
  }
});

test('what somebody else wrote over it is put right, but not for ever against somebody who insists', async () => {
  const world = await start();
  await world.settled();
  let repaired = 0;
  for (let round = 0; round < 12; round++) {
    await world.overwrite();
    await world.look();
    repaired += world.bundle().length;
  }
  assert.ok(repaired >= 8 && repaired < 12, `it was put right ${repaired} times of 12`);
  assert.match(JSON.stringify(world.lines), /changed again and again by somebody else/);
});

test('without the ValidatingWebhookConfiguration it says so once and waits', async () => {
  const world = await start({ configured: false });
  await world.settled();
  await world.look();
  const said = world.lines.filter(({ message }) => message.includes('there is no ValidatingWebhookConfiguration'));
  assert.equal(said.length, 1);
});

test('its url decides the name when it has one: an address, or a host', async () => {
  for (const [url, name] of [['https://127.0.0.1:9443/review', 'IP Address:127.0.0.1'], ['https://[::1]:9443/review', 'IP Address:0:0:0:0:0:0:0:1'], ['https://signet.example:9443/review', 'DNS:signet.example']] as const) {
    const world = await start({ clientConfig: { url } });
    await world.settled();
    assert.equal((await world.check()).leaf.subjectAltName, name);
  }
});

type World = {
  readonly clock: TestClock;
  readonly lines: readonly Line[];
  /** `PATCH …`: every write so far. */
  readonly writes: readonly string[];
  secret(): Record<string, string> | undefined;
  bundle(): X509Certificate[];
  served(): string | undefined;
  /** Waits until both watches have told what there is and that is dealt with. */
  settled(): Promise<void>;
  /** One turn of what the app does every half a minute, and what follows from it. */
  look(): Promise<void>;
  /** Connects, and fails unless the certificate is valid now and by a CA that the API server was told of. */
  check(): Promise<{ leaf: X509Certificate; bundle: X509Certificate[] }>;
  /** Whether writes of the configuration are refused. */
  holdConfiguration(hold: boolean): void;
  /** Takes away what Signet wrote into the configuration. */
  overwrite(): Promise<void>;
};

type Setup = { readonly before?: World; readonly secret?: Record<string, string>; readonly configured?: boolean; readonly clientConfig?: object };

/** The webhook beside an API server that holds two objects. */
async function start({ before, secret: given, configured = true, clientConfig = { service: { namespace: 'signet-system', name: 'signet' } } }: Setup = {}): Promise<World> {
  const clock = testClock(new Date());
  const log = rememberingLog();
  const writes: string[] = [];
  const watches = new Map<string, FakeWatch>();
  let version = 10;
  let held = false;
  let dirty = true;
  let secret = before?.secret() ?? given;
  let configuration: Record<string, unknown> = { clientConfig, matchConditions: [{ name: 'served', expression: 'false' }] };
  if (before !== undefined) configuration = { clientConfig: { ...clientConfig, caBundle: Buffer.from(before.bundle().map(String).join('')).toString('base64') }, matchConditions: [{ name: 'served', expression: before.served() }] };

  const meta = (name: string): object => ({ name, uid: name, resourceVersion: String(version) });
  const secretObject = (): object => ({ metadata: meta('signet-webhook'), data: secret });
  const configurationObject = (): object => ({ metadata: meta('signet'), webhooks: [{ name: 'requests.signet.dev', ...configuration }] });
  const changed = (path: string, object: object): void => {
    watches.get(path)?.send('MODIFIED', object);
    dirty = true;
  };

  function answer(exchange: Exchange): void {
    const collection = exchange.path.startsWith(SECRETS) ? SECRETS : CONFIGURATIONS;
    if (exchange.method === 'GET') {
      const watch = exchange.watch();
      watches.set(collection, watch);
      if (collection === SECRETS && secret !== undefined) watch.send('ADDED', secretObject());
      if (collection === CONFIGURATIONS && configured) watch.send('ADDED', configurationObject());
      watch.send('BOOKMARK', { metadata: { resourceVersion: String(version), annotations: { 'k8s.io/initial-events-end': 'true' } } });
      return;
    }
    if (collection === CONFIGURATIONS && held) return exchange.refuse(503, 'ServiceUnavailable');
    const body = JSON.parse(exchange.body) as { metadata: { resourceVersion?: string }; data: Record<string, string | null>; webhooks: [{ clientConfig: object; matchConditions: object }] };
    if (exchange.method === 'PATCH' && body.metadata.resourceVersion !== String(version)) return exchange.refuse(409, 'Conflict');
    version += 1;
    writes.push(`${exchange.method} ${exchange.path}`);
    if (collection === SECRETS) {
      secret = Object.fromEntries(Object.entries({ ...secret, ...body.data }).filter((entry): entry is [string, string] => entry[1] !== null));
    } else {
      assert.equal(exchange.headers['content-type'], 'application/strategic-merge-patch+json');
      configuration = { clientConfig: { ...clientConfig, ...body.webhooks[0].clientConfig }, matchConditions: body.webhooks[0].matchConditions };
    }
    exchange.json({ metadata: meta('x') });
    // Both have one version here, so both are told of it.
    changed(SECRETS, secretObject());
    if (configured) changed(CONFIGURATIONS, configurationObject());
  }

  const server = await startFakeApiserver(answer);
  const connection = await connect({ kubeconfigText: server.kubeconfig, env: {}, userAgent: 'test', log });
  const end = new AbortController();
  let told = 0;
  const webhook: Webhook = await startWebhook({
    connection,
    host: '127.0.0.1',
    port: 0,
    namespace: 'signet-system',
    labels: { 'app.kubernetes.io/name': 'signet' },
    signers: SIGNERS,
    judge: () => ({ allowed: true }),
    log,
    now: clock.now,
    randomBytes,
    onChanged: () => {
      told += 1;
      dirty = true;
    },
    onReviewed: () => {},
    onBug: (error) => assert.fail(String(error)),
  });
  const running = webhook.run(end.signal);
  stops.push(async () => {
    end.abort();
    await running;
    await webhook.close();
    await connection.close();
    await server.stop();
  });

  /** Works until nothing is left to do: each write comes back as an event. */
  async function look(): Promise<void> {
    dirty = true;
    while (dirty) {
      dirty = false;
      const before = [writes.length, told] as const;
      const outcome = await webhook.reconcile(end.signal);
      if (writes.length > before[0]) await until('the write to come back', () => told > before[1] + (configured ? 1 : 0));
      if (outcome !== 'done') return;
    }
  }

  const bundle = (): X509Certificate[] => certificates(Buffer.from((configuration['clientConfig'] as { caBundle?: string }).caBundle ?? '', 'base64').toString());
  return {
    clock,
    lines: log.lines,
    writes,
    secret: () => secret,
    bundle,
    served: () => (configuration['matchConditions'] as { expression: string }[])[0]?.expression,
    look,
    async settled() {
      await until('both watches to have told', () => told >= 2);
      await look();
    },
    async check() {
      const leaf = await servedCertificate(webhook.address.port);
      const now = clock.now();
      assert.ok(isValid(leaf, now), `valid from ${leaf.validFrom} to ${leaf.validTo}, and now is ${now.toISOString()}`);
      const issuer = bundle().find((ca) => leaf.verify(ca.publicKey));
      assert.ok(issuer !== undefined && leaf.checkIssued(issuer) && isValid(issuer, now) && Date.parse(leaf.validTo) <= Date.parse(issuer.validTo), 'nobody was told of its CA');
      return { leaf, bundle: bundle() };
    },
    holdConfiguration(hold) {
      held = hold;
    },
    async overwrite() {
      const before = told;
      version += 1;
      configuration = { clientConfig, matchConditions: [{ name: 'served', expression: 'false' }] };
      changed(SECRETS, secretObject());
      changed(CONFIGURATIONS, configurationObject());
      await until('it to be seen', () => told === before + 2);
    },
  };
}

function certificates(pem: string): X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map((each) => new X509Certificate(each));
}

function isValid({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return Date.parse(validFrom) <= now.getTime() && now.getTime() < Date.parse(validTo);
}
