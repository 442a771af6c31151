import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '../adapters/kubernetes/connection.ts';
import { createLog } from '../adapters/log.ts';
import { startApp, type App } from '../app.ts';
import { parseConfig } from '../config.ts';
import { startSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import { defineCommand, type Output } from './command.ts';
import { furniture } from './demo/cluster.ts';
import { handshakeTable, requestTable } from './demo/report.ts';
import { kept, meshText, playHandshakes, playRequests, publishedRoots } from './demo/scenario.ts';
import { demoConfig, parseTenants, type Tenant } from './demo/tenants.ts';
import { CommandFailure } from './failure.ts';
import { release } from './release.ts';
import { style, type Style } from './style.ts';

/** Seconds in which Signet must be ready; it takes less than one. */
const READY_SECONDS = 10;

export const command = defineCommand({
  name: 'demo',
  summary: 'see it sign for two tenants and refuse a theft; needs nothing but Node',
  help: `
Starts an in-memory Kubernetes API with the CAs of two tenants, runs Signet on it with the very rights of its manifests, plays istiod
and two workloads of each tenant, and shows: each request with its decision and issuer, real TLS handshakes with the certificates
that were issued, and the caCertificates published for istiod.

  signet demo --tenants red,green
  signet demo --keep            leaves it running and prints how to use kubectl on it

Exit code 1 when anything comes out otherwise than promised.`,
  options: {
    tenants: { type: 'string', value: 'A,B', default: 'foo,bar', description: 'their names; each is a namespace with a signer of its own' },
    open: { type: 'boolean', description: 'let the first tenant\'s signer serve every namespace, to see what its rule is worth' },
    keep: { type: 'boolean', description: 'leave it running until Ctrl-C' },
    verbose: { type: 'boolean', short: 'v', description: 'show Signet\'s log on stderr' },
  },
  run: async ({ values, stdout, stderr, now, signal, colour }) => {
    const started = performance.now();
    const tenants = parseTenants(values.tenants ?? 'foo,bar');
    if (typeof tenants === 'string') throw new CommandFailure(tenants);
    const configText = demoConfig(tenants, { open: values.open === true });
    const parsed = parseConfig(configText);
    if (!parsed.ok) throw new Error(`The demo's own configuration is wrong: ${JSON.stringify(parsed.problems)}`);
    const log = createLog({ write: (line) => stderr.write(line), now, level: values.verbose === true ? 'info' : 'error', format: 'text' });

    const sandbox = await startSandbox({ now });
    const stop = new AbortController();
    const end = (): void => stop.abort();
    signal.addEventListener('abort', end, { once: true });
    let app: App | undefined;
    try {
      sandbox.load(furniture({ tenants, config: parsed.config, now: now() }));
      const kubeconfigText = sandbox.kubeconfig({ user: 'system:serviceaccount:signet-system:signet', groups: ['system:serviceaccounts'] });
      const connection = await connect({ kubeconfigText, env: {}, userAgent: `signet/${release.version}`, log });
      app = await startApp({ config: parsed.config, connection, namespace: 'signet-system', version: release.version, log, now }, stop.signal);
      await waitUntil(() => app?.missing().length === 0 && publishedRoots(meshText(sandbox)).size === tenants.length, stop.signal);
      const asPromised = await play({ sandbox, tenants, log }, stdout, style(colour));
      stdout.write(`\n${asPromised ? 'Everything as promised' : 'NOT everything as promised'}, in ${((performance.now() - started) / 1000).toFixed(1)} s.\n`);
      if (values.keep === true && !signal.aborted) await keepRunning({ sandbox, app, configText, tenants, stdout, signal });
      return asPromised ? 0 : 1;
    } finally {
      signal.removeEventListener('abort', end);
      stop.abort();
      await app?.ended;
      await sandbox.stop();
    }
  },
});

async function play(scenario: Parameters<typeof playRequests>[0], stdout: Output, paint: Style): Promise<boolean> {
  const { tenants, sandbox } = scenario;
  const [victim, thief] = tenants.map(({ name }) => name);
  stdout.write(`${tenants.length} tenants, a CA each: ${tenants.map(({ name, signer }) => `${name} (${signer})`).join(', ')}\n\n`);
  stdout.write(paint.bold('Requests, by istiod for workloads and by a service account itself\n\n'));
  const { rows, parties } = await playRequests(scenario);
  stdout.write(requestTable(rows, paint));
  const refused = rows.find(({ answer }) => !answer.issued)?.answer;
  stdout.write(`\nThe theft: ${thief} asks for a certificate of ${victim}'s CA.\n  ${refused === undefined || refused.issued ? paint.red('It was issued.') : refused.message}\n`);
  stdout.write(paint.bold('\nMutual TLS handshakes with the bytes of status.certificate and the published roots\n\n'));
  const handshakes = await playHandshakes(tenants, parties);
  stdout.write(handshakeTable(handshakes, paint));
  stdout.write(paint.bold('\nPublished for istiod: ConfigMap istio-system/signet-mesh, key mesh\n\n'));
  stdout.write(meshText(sandbox));
  return kept(rows, handshakes, tenants);
}

type Running = { readonly sandbox: Sandbox; readonly app: App; readonly configText: string; readonly tenants: readonly Tenant[]; readonly stdout: Output; readonly signal: AbortSignal };

async function keepRunning({ sandbox, app, configText, tenants, stdout, signal }: Running): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'signet-demo-'));
  const [kubeconfig, config] = [join(folder, 'kubeconfig'), join(folder, 'signet.yaml')];
  await writeFile(kubeconfig, sandbox.kubeconfig(), { mode: 0o600 });
  await writeFile(config, configText);
  stdout.write(`
Still running; Ctrl-C ends it. Try, in another terminal:
  export KUBECONFIG=${kubeconfig} SIGNET_CONFIG=${config}
  kubectl get csr
  kubectl get events
  kubectl get secret -n ${tenants[0]?.secret.namespace}
  signet signers
  curl http://${app.http.host}:${app.http.port}/metrics
`);
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
    if (signal.aborted) resolve();
  });
}

async function waitUntil(condition: () => boolean, signal: AbortSignal): Promise<void> {
  const deadline = performance.now() + READY_SECONDS * 1000;
  while (!condition()) {
    if (performance.now() > deadline) throw new CommandFailure(`Signet was not ready within ${READY_SECONDS} s`, { hints: ['signet demo --verbose'] });
    await sleep(5, undefined, { signal });
  }
}
