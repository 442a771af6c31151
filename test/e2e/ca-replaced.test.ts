// What happens to the Secret of a CA while certificates are signed from it: whatever somebody does to it, the workloads of its tenant go on
// getting certificates that verify, and those of the other tenant notice nothing. On a real API server; the requests are made and approved as
// istiod does it.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { parse } from 'yaml';
import { certificatePem } from '../../src/core/certificate.ts';
import { testIntermediate, testRoot, type AuthorityShape, type TestAuthority } from '../support/authority.ts';
import { caSecret } from '../support/ca-secret.ts';
import { validNow } from '../support/clock.ts';
import { SIGNER_DOMAIN } from '../support/mesh.ts';
import { startControlPlane, type ControlPlane } from '../support/rig/apiserver.ts';
import { judge } from '../support/rig/judge.ts';
import { until } from '../support/rig/until.ts';
import { startSignet, type SignetProcess } from '../support/signet.ts';
import { tenantsConfig } from '../support/tenants-config.ts';
import { startWorkloads, type Flow, type Issued, type Workloads } from '../support/workloads.ts';

type Event = { readonly reason: string; readonly message: string; readonly involvedObject: { readonly name: string } };
type MeshEntry = { readonly pem: string; readonly certSigners: readonly string[] };

const MESH = '/api/v1/namespaces/istio-system/configmaps/signet-mesh';
const HOUR = 3_600_000;
const [FOO, BAR] = [signerOf('foo'), signerOf('bar')];

describe('the Secret of a CA changes under load', () => {
  const foo = root('foo');
  const stranger = root('foo', { key: 'P-384' });
  const bar = testIntermediate(root('bar root', { key: 'RSA-2048' }), { ...validNow(), name: 'bar', key: 'RSA-2048' });
  let world: World;
  let flow: Flow;

  before(async () => {
    world = await startWorld({ foo, bar });
    flow = world.use(world.workloads.flow({ [FOO]: 'foo', [BAR]: 'bar' }, 20));
    await until(async () => (await publishedRoots(world)).length === 2, { what: 'both roots to be published' });
  });
  after(async () => world?.[Symbol.asyncDispose]());

  it('a pair with another key is held: the old pair goes on signing, the published root stays, and signers and a metric say what waits', async () => {
    const [mesh, { code }] = [await meshText(world), await world.signet.cli('signers')];
    assert.equal(code, 0);
    assert.equal(await held(world, FOO), 0);
    await world.put('foo', stranger);
    await until(async () => (await held(world, FOO)) === 1, { what: 'signet_ca_held of foo' });
    assertIssuedBy(await flow.next(FOO, 20), foo, foo.root);
    await assertHeld(world, FOO, /waits for a rotation: it has another key and does not chain to the published root/);
    assert.equal(await meshText(world), mesh);
  });

  it('half a pair is held the same way', async () => {
    const mesh = await meshText(world);
    await world.put('foo', foo, { 'tls.key': '' });
    await news(world, FOO, /tls\.key is missing/);
    assertIssuedBy(await flow.next(FOO, 20), foo, foo.root);
    await assertHeld(world, FOO, /tls\.key is missing/);
    assert.equal(await meshText(world), mesh);
  });

  it('a Signet that starts beside half a pair signs with the pair in use, which it keeps in a Secret of its own', async () => {
    const mesh = await meshText(world);
    await world.signet.stop();
    await world.signet.start();
    await world.signet.ready();
    assertIssuedBy(await flow.next(FOO, 20), foo, foo.root);
    await assertHeld(world, FOO, /tls\.key is missing/);
    assert.equal(await meshText(world), mesh);
  });

  it('a renewed certificate of the same key is adopted at once', async () => {
    const renewed = root('foo', { key: foo.key, notAfter: new Date(Date.now() + 20 * 365 * 24 * HOUR) });
    await world.put('foo', renewed);
    await news(world, FOO, /adopted .*: it is the same key/);
    const issued = await flow.next(FOO, 20);
    assertIssuedBy(issued, renewed, renewed.root);
    // Whoever has not heard of the new root yet verifies with the old one.
    assertIssuedBy(issued.map((each) => ({ ...each, ca: foo.certificate.fingerprint })), foo, foo.root);
    await until(async () => (await publishedRoot(world, FOO)) === certificatePem(renewed.root), { what: 'the renewed root to be published' });
    assert.equal((await world.signet.cli('signers')).code, 0);
    assert.equal(await held(world, FOO), 0);
  });

  it('a deleted Secret stops nothing, and is no news any more once it is back', async () => {
    const [mesh, last] = [await meshText(world), await world.secret('foo')];
    await world.controlPlane.api.delete('/api/v1/namespaces/cert-manager/secrets/foo-ca');
    await news(world, FOO, /does not exist; the pair in use goes on/);
    assertIssuedBy(await flow.next(FOO, 20), foo);
    await assertHeld(world, FOO, /does not exist/);
    assert.equal(await meshText(world), mesh);
    await world.controlPlane.api.create(last);
    await until(async () => (await held(world, FOO)) === 0, { what: 'signet_ca_held of foo to be 0 again' });
    assert.equal((await world.signet.cli('signers')).code, 0);
  });

  it('the published roots are put right within seconds whatever is done to them', async () => {
    const right = await meshText(world);
    const oneRootLess = right.slice(0, right.indexOf('  - pem', right.indexOf('  - pem') + 1));
    assert.equal((parse(oneRootLess) as { caCertificates: unknown[] }).caCertificates.length, 1);
    for (const [name, data] of Object.entries({ 'a root removed': { mesh: oneRootLess }, 'broken YAML': { mesh: 'caCertificates: [{' }, 'another document': { mesh: 'trustDomain: elsewhere\n' }, 'the key deleted': { mesh: null } })) {
      const { metadata } = await world.controlPlane.api.call<{ metadata: { resourceVersion: string } }>('PATCH', MESH, { data }, 'application/merge-patch+json');
      const repaired = async (): Promise<boolean> => (await world.controlPlane.api.get<{ metadata: { resourceVersion: string } }>(MESH)).metadata.resourceVersion !== metadata.resourceVersion && (await meshText(world)) === right;
      await until(repaired, { what: `the mesh ConfigMap to be put right after: ${name}`, seconds: 5 });
    }
    await world.controlPlane.api.delete(MESH);
    await world.controlPlane.api.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'istio-system', name: 'signet-mesh' } });
    await until(async () => (await meshText(world)) === right, { what: 'a ConfigMap that was made anew to be filled', seconds: 5 });
  });

  it('no request failed in all that time, and the other tenant kept its CA and its root', async () => {
    await flow[Symbol.asyncDispose]();
    assert.deepEqual(flow.troubles, []);
    assertIssuedBy(flow.issued.filter(({ signer }) => signer === BAR), bar, bar.root);
    assertIssuedBy(flow.issued.filter(({ signer }) => signer === FOO).map((each) => ({ ...each, ca: foo.certificate.fingerprint })), foo, foo.root);
    assert.equal(await publishedRoot(world, BAR), certificatePem(bar.root));
    assert.equal(await held(world, BAR), 0);
    for (const outcome of ['failed', 'denied']) for (const signer of [FOO, BAR]) assert.equal(await world.signet.metric('signet_requests_total', `signer="${signer}"`, `outcome="${outcome}"`, 'PolicyViolation'), 0);
    assert.equal(await world.signet.metric('signet_bugs_total'), 0);
    const roots: Readonly<Record<string, string>> = { [FOO]: await publishedRoot(world, FOO), [BAR]: await publishedRoot(world, BAR) };
    const judged = flow.issued.filter((_, i) => i % 25 === 0).map(({ signer, chain, leaf }) => ({ name: `${signer} ${leaf.serialNumber}`, chain, roots: roots[signer] ?? '' }));
    assert.deepEqual((await judge(judged)).filter(({ objections }) => objections.length > 0), []);
    console.log(`${flow.issued.length} certificates while the CA's Secret changed; ${judged.length} of them judged`);
  });
});

describe('a CA that cannot sign', () => {
  const ended = { notBefore: new Date(Date.now() - 48 * HOUR), notAfter: new Date(Date.now() - HOUR) };
  const ending = root('ending', { notAfter: new Date(Date.now() + HOUR) });
  const expired = root('expired', ended);
  const common = root('common');
  const first = testIntermediate(common, { ...validNow(), name: 'first' });
  const second = testIntermediate(common, { ...validNow(), name: 'second' });
  let world: World;

  before(async () => {
    // `late` has no Secret yet.
    world = await startWorld({ ending, expired, first, second }, ['late']);
  });
  after(async () => world?.[Symbol.asyncDispose]());

  it('for want of a Secret lets requests wait, says so, and serves them within five seconds of its appearance', async () => {
    const name = await world.workloads.ask(signerOf('late'), 'late');
    assert.match(await eventAbout(world, name, 'CertificateAuthorityUnavailable'), /Secret cert-manager\/late-ca does not exist/);
    assert.equal(await world.signet.metric('signet_ca_ready', signerOf('late')), 0);
    assert.equal(await world.signet.metric('signet_pending_requests', signerOf('late')), 1);
    await assertWaits(world, name);
    assert.equal(await publishedRoot(world, signerOf('late')), '');
    assertIssuedBy([await served(world, 'first')], first, common.root);

    const late = root('late');
    await world.put('late', late);
    assertIssuedBy([await world.workloads.answer(name, { seconds: 5 })], late, late.root);
    await until(async () => (await publishedRoot(world, signerOf('late'))) === certificatePem(late.root), { what: 'the root of late to be published' });
    await until(async () => (await world.signet.metric('signet_pending_requests', signerOf('late'))) === 0, { what: 'nothing to wait for late' });
    assert.equal(await world.signet.metric('signet_ca_ready', signerOf('late')), 1);
  });

  for (const [name, authority, why] of [['ending', ending, /the CA ends in .*, too soon for certificates of 24h/], ['expired', expired, /the CA expired at/]] as const) {
    it(`as it is ${name} lets requests wait until it is renewed`, async () => {
      const waiting = await world.workloads.ask(signerOf(name), name);
      assert.match(await eventAbout(world, waiting, 'CertificateAuthorityExpired'), why);
      await assertWaits(world, waiting);
      const renewed = root(name, { key: authority.key });
      await world.put(name, renewed);
      assertIssuedBy([await world.workloads.answer(waiting, { seconds: 5 })], renewed, renewed.root);
    });
  }

  it('as another signer\'s root verifies its certificates is refused in words, and the other is not', async () => {
    const waiting = await world.workloads.ask(signerOf('second'), 'second');
    const told = await eventAbout(world, waiting, 'CertificateAuthorityUnavailable');
    assert.match(told, /cannot be told apart from that of another signer/);
    // Whose CA it is concerns the operator, not another tenant's requester.
    assert.doesNotMatch(told, /first/);
    await assertWaits(world, waiting);
    const { code, output } = await world.signet.cli('signers', '-o', 'json');
    assert.equal(code, 1);
    const rows = new Map((JSON.parse(output) as { name: string; state: string; why: string }[]).map((row) => [row.name, row]));
    assert.deepEqual([rows.get(signerOf('first'))?.state, rows.get(signerOf('second'))?.state], ['ready', 'unavailable']);
    assert.match(rows.get(signerOf('second'))?.why ?? '', /cannot be told apart/);
    assert.ok(world.signet.log().some(({ message, signer, why }) => message === 'CA not ready' && signer === signerOf('second') && /cannot be told apart from signer ".*\/first"/.test(String(why))));
    assert.equal(await publishedRoot(world, signerOf('second')), '');
    assert.equal(await publishedRoot(world, signerOf('first')), certificatePem(common.root));
    assertIssuedBy([await served(world, 'first')], first, common.root);

    const apart = root('second');
    await world.put('second', apart);
    assertIssuedBy([await world.workloads.answer(waiting, { seconds: 5 })], apart, apart.root);
    await until(async () => (await publishedRoot(world, signerOf('second'))) === certificatePem(apart.root), { what: 'the root of second to be published' });
    assert.equal((await world.signet.cli('signers')).code, 0);
  });
});

type World = AsyncDisposable & {
  readonly controlPlane: ControlPlane;
  readonly signet: SignetProcess;
  readonly workloads: Workloads;
  /** Disposes of it before the rest. */
  use<T extends AsyncDisposable>(part: T): T;
  /** Makes the source Secret of a signer hold this CA, but for these files. */
  put(name: string, authority: TestAuthority, files?: Readonly<Record<string, string>>): Promise<void>;
  /** The source Secret as it was put last. */
  secret(name: string): Promise<ReturnType<typeof caSecret>>;
};

/** A signer for each CA, and for those names that have none yet, each for the namespace of its name. */
async function startWorld(authorities: Readonly<Record<string, TestAuthority>>, withoutCa: readonly string[] = []): Promise<World> {
  const names = [...Object.keys(authorities), ...withoutCa];
  const put = new Map<string, ReturnType<typeof caSecret>>();
  const parts: AsyncDisposable[] = [];
  const use = <T extends AsyncDisposable>(part: T): T => {
    parts.unshift(part);
    return part;
  };
  const controlPlane = use(await startControlPlane());
  await controlPlane.namespaces('cert-manager', 'istio-system');
  const world = {
    put: async (name: string, authority: TestAuthority, files: Readonly<Record<string, string>> = {}) => {
      const secret = caSecret(`${name}-ca`, authority);
      put.set(name, { ...secret, data: { ...(secret['data'] as Record<string, string>), ...files } });
      await controlPlane.api.apply(put.get(name) ?? secret);
    },
    secret: async (name: string) => put.get(name) ?? caSecret(name, root(name)),
  };
  for (const [name, authority] of Object.entries(authorities)) await world.put(name, authority);
  const workloads = await startWorkloads(controlPlane, { signers: names.map(signerOf) });
  const signet = use(await startSignet({ controlPlane, config: tenantsConfig(names) }));
  await signet.ready();
  return { ...world, controlPlane, signet, workloads, use, [Symbol.asyncDispose]: async () => {
    for (const part of parts) await part[Symbol.asyncDispose]();
    workloads[Symbol.dispose]();
  } };
}

function signerOf(name: string): string {
  return `${SIGNER_DOMAIN}/${name}`;
}

function root(name: string, shape: AuthorityShape = {}): TestAuthority {
  return testRoot({ ...validNow(), name, ...shape });
}

/** Each certificate is the CA's, by name, signature and annotation, and the root verifies it. */
function assertIssuedBy(issued: readonly Issued[], { certificate, chain }: TestAuthority, anchor: TestAuthority['root'] | null = null): void {
  assert.ok(issued.length > 0);
  const ca = new X509Certificate(certificate.der);
  for (const { leaf, ca: said } of issued) {
    assert.ok(leaf.checkIssued(ca) && leaf.verify(ca.publicKey), `${leaf.serialNumber} is of ${leaf.issuer}, or of another key`);
    if (anchor === null) continue;
    assert.equal(said, certificate.fingerprint);
    const top = new X509Certificate((chain.at(-2) ?? certificate).der);
    assert.ok(chain.at(-1)?.fingerprint === anchor.fingerprint && top.verify(new X509Certificate(anchor.der).publicKey));
  }
}

/** `signers` and the metric say that something waits, and the exit code that somebody should look. */
async function assertHeld(world: World, signer: string, why: RegExp): Promise<void> {
  const { code, output } = await world.signet.cli('signers');
  assert.equal(code, 1, output);
  assert.match(output, new RegExp(`^${signer} .* held `, 'm'));
  assert.match(output, why);
  await until(async () => (await held(world, signer)) === 1, { what: `signet_ca_held of ${signer}` });
}

async function assertWaits({ workloads }: World, name: string): Promise<void> {
  const { status } = (await workloads.find(name)) ?? {};
  assert.equal(status?.certificate, undefined);
  assert.deepEqual(status?.conditions?.map(({ type }) => type), ['Approved']);
}

async function served({ workloads }: World, name: string): Promise<Issued> {
  return workloads.answer(await workloads.ask(signerOf(name), name), { seconds: 10 });
}

function held({ signet }: World, signer: string): Promise<number> {
  return signet.metric('signet_ca_held', `signer="${signer}"`);
}

/** Waits for a line of the log about what became of a signer's CA. */
async function news({ signet }: World, about: string, text: RegExp): Promise<void> {
  await until(() => signet.log().some(({ signer, news: said }) => signer === about && text.test(String(said))), { what: `${text} in the log` });
}

/** The message of the Event of this reason about a request. */
function eventAbout({ controlPlane }: World, name: string, reason: string): Promise<string> {
  const found = async (): Promise<string | undefined> => (await controlPlane.api.list<Event>('/api/v1/namespaces/default/events')).find((event) => event.reason === reason && event.involvedObject.name === name)?.message;
  return until(found, { what: `an Event ${reason} about ${name}` });
}

async function meshText({ controlPlane }: World): Promise<string> {
  return (await controlPlane.api.get<{ data?: { mesh?: string } }>(MESH)).data?.mesh ?? '';
}

async function publishedRoots(world: World): Promise<readonly MeshEntry[]> {
  return (parse(await meshText(world)) as { caCertificates?: readonly MeshEntry[] } | null)?.caCertificates ?? [];
}

/** PEM; empty: none. */
async function publishedRoot(world: World, signer: string): Promise<string> {
  return (await publishedRoots(world)).find(({ certSigners }) => certSigners.join() === signer)?.pem ?? '';
}
