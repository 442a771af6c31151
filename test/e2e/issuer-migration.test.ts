// Walks docs/cert-manager.md there and back, command by command, while somebody asks for twenty certificates a second: of the real API server, with
// cert-manager's own controllers and then with Signet. A watcher beside them says what became of every request.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setStage, type Stage } from '../support/example/stage.ts';
import { perform, type Played } from '../support/example/walk.ts';
import { startFlow, type Flow } from '../support/issuer-migration/flow.ts';
import { startWatcher, type Signer, type Watcher } from '../support/issuer-migration/watcher.ts';
import { APPROVER, ISSUERS, REQUESTER, SIGNERS, issuers, rights } from '../support/issuer-migration/world.ts';
import { steps, type Step } from '../support/markdown.ts';
import { sumOf } from '../support/metrics-page.ts';
import { certManagerNamespace, prepareCertManager, unreadyIssuers, type CertManagerController } from '../support/rig/cert-manager.ts';
import type { RigProcess } from '../support/rig/process.ts';
import { until } from '../support/rig/until.ts';

const DOCUMENT = join(import.meta.dirname, '../../docs/cert-manager.md');
/** Where the document's reader stands. */
const FOLDER = 'manifests/overlays/issuers';
const PER_SECOND = 20;
/** Of each phase: ten seconds. */
const EACH = 10 * PER_SECOND;
/** The longest that a request may wait from its making. cert-manager's own retry after a conflict takes five seconds: none may need it. */
const PATIENCE_MS = 4_000;

const ISSUER_CONTROLLERS: readonly CertManagerController[] = ['clusterissuers', 'issuers'];
const ALL_CONTROLLERS: readonly CertManagerController[] = [...ISSUER_CONTROLLERS, 'certificatesigningrequests-issuer-ca'];

/** The document's commands, and the phase that begins once they have run. Where nobody stays there is no need for ten seconds of it. */
const PHASES: readonly { readonly name: string; readonly by: readonly Signer[]; readonly after?: RegExp; readonly before?: RegExp }[] = [
  { name: 'cert-manager alone', by: ['cert-manager'] },
  { name: 'Signet being installed', by: ['cert-manager', 'Signet'], before: /^kubectl apply -k/m },
  { name: 'both', by: ['cert-manager', 'Signet'], after: /^kubectl rollout status -n signet-system/m },
  { name: 'Signet alone', by: ['Signet'], after: /^helm upgrade .* featureGates= /m },
  { name: 'both again', by: ['cert-manager', 'Signet'], after: /^helm upgrade .* featureGates=Experimental/m },
  { name: 'cert-manager alone again', by: ['cert-manager'], after: /^kubectl wait -n signet-system --for=delete/m },
];

type Migration = Stage & { readonly certManager: { run(controllers: readonly CertManagerController[]): Promise<void> } };

/** The commands that do not run as they stand, and what happens instead. Everything else does, kubectl being the real one. */
const PLAYED: readonly Played<Migration>[] = [
  { command: /^helm get values -n cert-manager cert-manager$/, instead: 'what was set for these controllers', play: async () => 'USER-SUPPLIED VALUES:\ncrds:\n  enabled: true\nfeatureGates: ExperimentalCertificateSigningRequestControllers=true\n' },
  {
    command: /^helm upgrade cert-manager .* --set featureGates=(\S*) --wait$/,
    instead: "cert-manager's process is replaced by one with the controllers of that gate, or without",
    play: async ({ certManager }, [, gates = '']) => {
      await certManager.run(gates === '' ? ISSUER_CONTROLLERS : ALL_CONTROLLERS);
      return '';
    },
  },
  {
    command: /^kubectl get --raw \/api\/v1\/namespaces\/signet-system\/services\/signet:http\/proxy(\S+)( \| grep '?([^' ]+)'?( \| sort)?)?$/,
    instead: "the same page, from Signet's process",
    play: async ({ cluster }, [, path = '', piped, word = '', sorted]) => {
      const page = (await (await cluster.signet()?.get(path))?.text()) ?? '';
      if (piped === undefined) return page;
      const lines = linesWith(word, page);
      return sorted === undefined ? lines : lines.replace(/\n$/, '').split('\n').sort().join('\n');
    },
  },
  {
    command: /^kubectl logs -n signet-system deploy\/signet \| grep '([^']+)'$/,
    instead: "the log of Signet's process, once it has such a line for each issuer",
    play: async ({ cluster }, [, words = '']) => {
      const told = (): unknown[] => linesWith(words, cluster.signet()?.log() ?? '').split('\n').slice(0, -1).map((line) => (JSON.parse(line) as { signer?: unknown }).signer);
      await until(() => SIGNERS.every((signer) => told().includes(signer)), { what: `Signet to log "${words}" for each issuer`, otherwise: told });
      return '';
    },
  },
  {
    command: /^kubectl wait -n signet-system --for=delete pod -l app\.kubernetes\.io\/name=signet --timeout=60s$/,
    instead: "waits for the end of Signet's process, as there are no pods",
    play: async ({ cluster }) => {
      await until(() => cluster.signet() === undefined, { what: 'Signet to end' });
      return '';
    },
  },
];

const STEPS = steps(await readFile(DOCUMENT, 'utf8'));

describe('docs/cert-manager.md, there and back at twenty requests a second', () => {
  let stage: Migration;
  let watcher: Watcher;
  let flow: Flow;
  let certManager: RigProcess | undefined;
  let failed: Step | undefined;
  /** What Signet counted of others' certificates when a phase had begun, and at its end. */
  const foreign = new Map<string, { begin: number; end: number }>();
  /** Requests that were made in one phase, and are approved in another. */
  const held: (Awaited<ReturnType<Flow['hold']>> & { readonly by: Signer })[] = [];
  /** When the first request of each phase was due. */
  const began = new Map<string, number>();
  let phase = '';

  before(async () => {
    const set = await setStage({ copies: ['manifests'], folder: FOLDER });
    stage = { ...set, certManager: { run: replaceCertManager } };
    await mkdir(stage.folder, { recursive: true });
    const { controlPlane } = stage;
    await controlPlane.namespaces(certManagerNamespace, 'team-a');
    await controlPlane.serviceAccounts(REQUESTER, APPROVER);
    await replaceCertManager(ALL_CONTROLLERS);
    await controlPlane.api.apply(...rights(), ...issuers());
    await until(async () => (await unreadyIssuers(controlPlane.api, Object.values(ISSUERS).map(({ name, namespace }) => (namespace === undefined ? name : `${namespace}/${name}`)))).length === 0, { what: 'the issuers to be Ready', ...(certManager === undefined ? {} : { process: certManager }), seconds: 60 });
    watcher = await startWatcher(controlPlane);
    began.set('cert-manager alone', performance.now());
    phase = 'cert-manager alone';
    flow = await startFlow({ controlPlane, requester: REQUESTER, approver: APPROVER, signers: SIGNERS, perSecond: PER_SECOND, phase });
  });
  after(async () => {
    await flow?.[Symbol.asyncDispose]();
    await watcher?.[Symbol.asyncDispose]();
    await certManager?.stop();
    await stage?.[Symbol.asyncDispose]();
  });

  it('cert-manager answers, before anything is changed', async () => {
    await lasts();
    held.push({ ...(await flow.hold(SIGNERS[0]!)), by: 'Signet' }, { ...(await flow.hold(SIGNERS[2]!)), by: 'Signet' });
  });

  for (const step of STEPS) {
    it(`line ${step.line}: ${step.commands.split('\n').join('; ')}`, async (context) => {
      if (failed !== undefined) return context.skip(`the commands of line ${failed.line} failed`);
      failed = step;
      const sooner = PHASES.find(({ before: command }) => command?.test(step.commands) === true);
      if (sooner !== undefined) begin(sooner.name);
      await perform(step, stage, PLAYED);
      const later = PHASES.find(({ after: command }) => command?.test(step.commands) === true);
      if (later !== undefined) {
        begin(later.name);
        await lasts();
      }
      if (later?.name === 'Signet alone') {
        await Promise.all(held.map(({ approve }) => approve()));
        held.push({ ...(await flow.hold(SIGNERS[1]!)), by: 'cert-manager' });
      }
      if (later?.name === 'cert-manager alone again') await held.at(-1)?.approve();
      failed = undefined;
    });
  }

  it('every request was answered once, with a certificate of its own issuer, and never touched again', async (t) => {
    await flow.end();
    const all = [...flow.made, ...held.map(({ made }) => made)];
    await until(() => all.every(({ name }) => watcher.requests.get(name)?.answer !== undefined), { what: 'the last of them to be answered', seconds: 10, otherwise: () => all.filter(({ name }) => watcher.requests.get(name)?.answer === undefined) });
    assert.deepEqual(flow.troubles, []);
    assert.deepEqual(watcher.objections, []);
    assert.equal(watcher.requests.size, all.length);
    const keys = new Map(SIGNERS.map((signer) => [signer, new X509Certificate(ISSUERS[signer]!.ca.certificate.der).publicKey]));
    for (const { name, signer, dnsName } of all) {
      const leaf = new X509Certificate(Buffer.from(watcher.requests.get(name)?.answer?.certificate ?? '', 'base64'));
      assert.equal(leaf.subjectAltName, `DNS:${dnsName}`, name);
      assert.ok(leaf.verify(keys.get(signer)!), `${name} is not of ${signer}`);
    }
    t.diagnostic(`${all.length} requests, ${all.length} certificates`);
  });

  it('nobody waited for more than moments, in no phase', (t) => {
    for (const { name } of PHASES) {
      const made = flow.made.filter((each) => each.phase === name);
      const waits = made.map((each) => waitOf(each.name)).sort((a, b) => a - b);
      const seconds = ((nextOf(name) ?? Infinity) - (began.get(name) ?? 0)) / 1000;
      const rate = Number.isFinite(seconds) ? `${(made.length / seconds).toFixed(1)} a second for ${seconds.toFixed(1)} s` : 'until the end';
      t.diagnostic(`${name}: ${made.length} requests, ${rate}; by cert-manager ${answeredBy(name, 'cert-manager')}, by Signet ${answeredBy(name, 'Signet')}; waits p50 ${waits[Math.floor(waits.length / 2)]?.toFixed(0)} ms, longest ${waits.at(-1)?.toFixed(0)} ms`);
      assert.ok(name === 'Signet being installed' ? made.length > 0 : made.length >= EACH, `${name}: ${made.length}`);
      assert.ok(Number(waits.at(-1)) < PATIENCE_MS, `${name}: ${waits.at(-1)} ms`);
    }
  });

  it('in each phase those answered who were to', () => {
    for (const { name, by } of PHASES) {
      for (const signer of ['cert-manager', 'Signet'] as const) {
        if (!by.includes(signer)) assert.equal(answeredBy(name, signer), 0, `${name}: ${signer}`);
        else if (name !== 'Signet being installed') assert.ok(answeredBy(name, signer) > 0, `${name}: ${signer}`);
      }
    }
  });

  it('no Event warns of anything but a race that was lost to Signet', async (t) => {
    const events = await stage.controlPlane.api.list<{ type: string; reason: string; message: string }>('/api/v1/namespaces/default/events');
    const warnings = events.filter(({ type }) => type === 'Warning');
    t.diagnostic(`${warnings.length} warnings among ${events.length} Events`);
    for (const { reason, message } of warnings) {
      assert.equal(reason, 'SigningError', message);
      assert.match(message, /the object has been modified/);
    }
  });

  it('a request that was made before a switch and approved after it is answered by whoever is there then', () => {
    assert.equal(held.length, 3);
    for (const { made, by } of held) assert.equal(watcher.requests.get(made.name)?.answer?.by, by, made.name);
  });

  it('Signet counted the certificates of others while both were there, and none while it was alone', (t) => {
    const [there, alone, back] = ['both', 'Signet alone', 'both again'].map((name) => foreign.get(name));
    assert.ok(there !== undefined && alone !== undefined && back !== undefined, 'a phase is missing');
    t.diagnostic(`signet_foreign_certificates_total: both ${there.begin} to ${there.end}, Signet alone ${alone.begin} to ${alone.end}, both again ${back.begin} to ${back.end}`);
    assert.ok(there.end > there.begin, 'on the way there');
    assert.ok(back.end > back.begin, 'on the way back');
    assert.equal(alone.end, alone.begin);
    // Those of the installation as well, from the moment that Signet was there.
    assert.ok(alone.begin >= answeredBy('both', 'cert-manager'), `${alone.begin}`);
  });

  it('every command that is played, and every phase, is in the document', () => {
    const lines = STEPS.flatMap(({ commands }) => commands.split('\n'));
    for (const { command } of PLAYED) assert.ok(lines.some((line) => command.test(line)), `no line is ${command}`);
    assert.deepEqual([...began.keys()], PHASES.map(({ name }) => name));
  });

  async function replaceCertManager(controllers: readonly CertManagerController[]): Promise<void> {
    await certManager?.stop();
    certManager = await (await prepareCertManager({ controlPlane: stage.controlPlane, controllers })).start();
  }

  function begin(name: string): void {
    phase = name;
    began.set(name, performance.now());
    flow.begin(name);
  }

  /** Ten seconds of requests in this phase, every one answered. */
  async function lasts(): Promise<void> {
    await answered(PER_SECOND);
    const counted = await foreignCount();
    await answered(EACH);
    foreign.set(phase, { begin: counted, end: await foreignCount() });
  }

  async function answered(count: number): Promise<void> {
    const found = (): number => answeredBy(phase, 'cert-manager') + answeredBy(phase, 'Signet');
    await until(() => flow.troubles.length > 0 || found() >= count, { what: `${count} answers while ${phase}`, seconds: 30, otherwise: found });
    assert.deepEqual(flow.troubles, []);
  }

  async function foreignCount(): Promise<number> {
    const page = await (await stage.cluster.signet()?.get('/metrics'))?.text();
    return sumOf(page ?? '', 'signet_foreign_certificates_total');
  }

  function answeredBy(name: string, by: Signer): number {
    return flow.made.filter((each) => each.phase === name && watcher.requests.get(each.name)?.answer?.by === by).length;
  }

  function waitOf(name: string): number {
    const { seenAt, answer } = watcher.requests.get(name) ?? {};
    return (answer?.at ?? Infinity) - (seenAt ?? 0);
  }

  function nextOf(name: string): number | undefined {
    return [...began.values()][[...began.keys()].indexOf(name) + 1];
  }
});

function linesWith(word: string, text: string): string {
  return text.split('\n').filter((line) => line.includes(word)).map((line) => `${line}\n`).join('');
}
