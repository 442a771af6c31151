import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { clashWithEarlier } from './adapters/authorities/conflict.ts';
import { SecretAuthority } from './adapters/authorities/secret.ts';
import { startHttp } from './adapters/http/server.ts';
import type { Connection } from './adapters/kubernetes/connection.ts';
import { kubernetesEvents } from './adapters/kubernetes/events.ts';
import { meshPublication } from './adapters/kubernetes/mesh-publication.ts';
import type { Service } from './adapters/kubernetes/pending-requests.ts';
import { kubernetesRequests } from './adapters/kubernetes/requests.ts';
import { watchSecret, writeSecret, type SecretSnapshot } from './adapters/kubernetes/secrets.ts';
import { createMetrics } from './adapters/metrics.ts';
import type { Config, SignerConfig } from './config.ts';
import type { ObjectName } from './config/values.ts';
import { adoptLoop } from './control/adopt.ts';
import { issueLoop } from './control/issue.ts';
import { Unavailable } from './control/errors.ts';
import type { Log } from './control/ports.ts';
import { publishLoop } from './control/publish.ts';
import { Queue, type Outcome } from './control/queue.ts';
import { inOurDomain, signerNotFound } from './core/decide.ts';
import { ownSecretName } from './core/own-secret.ts';

export type AppOptions = {
  readonly config: Config;
  readonly connection: Connection;
  /** Signet's own namespace, where the pairs in use are kept. */
  readonly namespace: string;
  readonly version: string;
  readonly log: Log;
  readonly now?: () => Date;
};

export type App = {
  /** Where /metrics, /livez and /readyz are. */
  readonly http: { readonly host: string; readonly port: number };
  /** What is missing until the first requests can be decided; empty: ready. */
  readonly missing: () => readonly string[];
  /** Settles when everything has come to its end after the signal. */
  readonly ended: Promise<void>;
};

const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };
/** A CA runs out, or begins to be valid, while nothing else happens; each is looked at this often. */
const CA_CHECK_MS = 30_000;

/**
 * The whole of `signet run`, wired: connections in, loops in the middle, HTTP out. Starts listening at once (a busy port throws
 * Refusal) and waits for an API server that is away. Ends with the signal.
 */
export async function startApp({ config, connection, namespace, version, log, now = () => new Date() }: AppOptions, signal: AbortSignal): Promise<App> {
  // Every watch listens for the end; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  const { meter, eventDropped, page } = createMetrics({ signers: config.signers.map(({ name }) => name), version });
  const onBug = (where: string) => (name: string, error: unknown) => {
    meter.bug(where);
    log.error(`a bug in ${where}: please report it`, { name, error });
  };
  const queue = (where: string, work: (name: string, signal: AbortSignal) => Promise<Outcome>): Queue => new Queue({ work, onBug: onBug(where) }, signal);

  const events = kubernetesEvents({ connection, log, onDropped: eventDropped, now });
  /** Signet's own Secrets as they were last seen: a write is guarded by what it was decided on. */
  const ownSecrets = new Map<string, SecretSnapshot | null>();
  const policyEntry = new Map(config.policy.signers.map((signer) => [signer.name, signer]));
  const authorities = new Map(config.signers.map((signer) => [signer.name, authorityOf(signer)]));

  const adopting = queue('adopt', adoptLoop({ authorities, changed: caChanged, log, meter }));
  const publications = config.publish.meshConfig === null ? [] : [meshPublication({ connection, ...config.publish.meshConfig, signers: [...authorities.keys()], log, onDrift: (name) => publishing.add(name, name) })];
  const publishing = queue('publish', publishLoop({ publications, authorities, log, meter }));
  let synced = false;
  const requests = kubernetesRequests({
    connection,
    log,
    serves,
    onChanged: ({ name, signerName, state }) => {
      if (state !== 'final' && state !== 'gone') issuing.add(name, signerName);
    },
    onUnserved: (observed) => {
      events.emit(observed, { type: 'Warning', ...signerNotFound(observed.signerName) });
    },
    onPending: meter.pending,
    onSynced: () => (synced = true),
    onSeen: () => meter.watched(now()),
    onBug: (error) => onBug('watch')('requests', error),
  });
  const issuing = queue('issue', issueLoop({ policy: config.policy, requests, authority: (name) => authorities.get(name), events, log, meter, now, monotonic: () => performance.now(), randomBytes }));

  const missing = (): string[] => [
    ...(synced ? [] : ['the first list of CertificateSigningRequests']),
    ...[...authorities].flatMap(([name, authority]) => (authority.tried ? [] : [`a first look at the CA of ${name}`])),
  ];
  const http = await startHttp({ ...config.http, metrics: page, ready: () => ({ ok: missing().length === 0, missing: missing() }), onBug: (error) => onBug('http')('', error) });
  const timer = setInterval(() => [...authorities.keys()].forEach((name) => adopting.add(name, name)), CA_CHECK_MS);

  const running = [requests.run(signal), events.run(signal), ...publications.map((publication) => publication.run(signal)), ...config.signers.flatMap(watchCa)];
  log.info('started', { version, cluster: connection.source, server: connection.transport.server, signers: [...authorities.keys()], http: http.address });
  return { http: http.address, missing, ended: end() };

  function serves(signerName: string): Service {
    const signer = policyEntry.get(signerName);
    if (signer !== undefined) return signer.approval;
    return inOurDomain(signerName, config.policy.signers) ? 'ours' : 'other';
  }

  function authorityOf({ name, anchor, ca: { secret } }: SignerConfig): SecretAuthority {
    const own = ownSecretName(name);
    return new SecretAuthority({
      anchor,
      lifetime: policyEntry.get(name)?.lifetime.default ?? 0,
      sourceName: `Secret ${secret.namespace}/${secret.name}`,
      ownName: `Secret ${namespace}/${own}`,
      keep: async (files, keepSignal) => {
        const result = await writeSecret(connection, { namespace, name: own, data: { ...files }, labels: LABELS, annotations: { 'signet.dev/signer': name }, seen: ownSecrets.get(name) ?? null }, keepSignal);
        if (result === 'conflict') throw new Unavailable(`Secret ${namespace}/${own} was written by somebody else at the same time`);
      },
      conflict: (pair) => clashWithEarlier(pair, before(name)),
      now,
    });
  }

  /** The signers that stand before this one in the configuration. */
  function* before(name: string): Generator<[string, SecretAuthority]> {
    for (const entry of authorities) {
      if (entry[0] === name) return;
      yield entry;
    }
  }

  function watchCa({ name, ca }: SignerConfig): Promise<void>[] {
    const authority = authorities.get(name);
    if (authority === undefined) return [];
    const watching = (which: 'source' | 'own', secret: ObjectName, seen: (found: SecretSnapshot | null) => void): Promise<void> =>
      watchSecret(connection, {
        ...secret,
        log,
        signal,
        onChange: (found) => {
          seen(found);
          adopting.add(name, name);
        },
        onTrouble: (failure) => {
          if (failure?.status !== 403) return;
          authority.unreadable(which, failure.message);
          adopting.add(name, name);
        },
      });
    return [
      watching('source', ca.secret, (found) => authority.offer(found?.data ?? null)),
      watching('own', { namespace, name: ownSecretName(name) }, (found) => {
        ownSecrets.set(name, found);
        authority.restore(found?.data ?? null);
      }),
    ];
  }

  function caChanged(): void {
    // Of all signers: whether a CA may be used depends on those that come before it.
    for (const name of authorities.keys()) {
      issuing.nudge(name);
      adopting.add(name, name);
    }
    for (const { name } of publications) publishing.add(name, name);
  }

  async function end(): Promise<void> {
    await Promise.all(running);
    clearInterval(timer);
    // What was being written when the signal came is let to its end: a certificate that is out should be counted.
    await Promise.all([issuing.onIdle(), adopting.onIdle(), publishing.onIdle()]);
    await http.close();
    await connection.close();
    log.info('stopped');
  }
}
