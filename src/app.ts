import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { clash, rivalOf } from './adapters/authorities/conflict.ts';
import { SecretAuthority } from './adapters/authorities/secret.ts';
import { certManagerIssuers, type CertManagerIssuers } from './adapters/issuers/issuers.ts';
import { issuerReport } from './adapters/issuers/report.ts';
import { foreignCertificates } from './adapters/foreign-certificates.ts';
import { startHttp } from './adapters/http/server.ts';
import type { Connection } from './adapters/kubernetes/connection.ts';
import { kubernetesEvents } from './adapters/kubernetes/events.ts';
import { meshPublication } from './adapters/kubernetes/mesh-publication.ts';
import type { Service } from './adapters/kubernetes/pending-requests.ts';
import { namespaceDirectory } from './adapters/kubernetes/namespaces.ts';
import { recent } from './adapters/kubernetes/recent.ts';
import { kubernetesRequests } from './adapters/kubernetes/requests.ts';
import { watchSecret, writeSecret, type SecretSnapshot } from './adapters/kubernetes/secrets.ts';
import { createMetrics } from './adapters/metrics.ts';
import { createRecorder } from './adapters/record/recorder.ts';
import { startWebhook, type Webhook, type WebhookOptions } from './adapters/webhook/webhook.ts';
import type { Config, SignerConfig } from './config.ts';
import { WITHOUT_GUARD } from './config/remarks.ts';
import type { CertManagerConfig, ObjectName } from './config/values.ts';
import { adoptLoop } from './control/adopt.ts';
import { caDesk } from './control/ask-ca.ts';
import { issueLoop } from './control/issue.ts';
import { Unavailable } from './control/errors.ts';
import { Gate } from './control/gate.ts';
import { backlogOf } from './control/backlog.ts';
import type { Authority, Backlog, Log, Meter } from './control/ports.ts';
import { publishLoop } from './control/publish.ts';
import { Queue, type QueueOptions } from './control/queue.ts';
import { admissionVerdict } from './core/admission.ts';
import { waitingNotice } from './core/decide-discovered.ts';
import { inOurDomain, signerNotFound } from './core/decide.ts';
import { dependsOnLabels, labelKeys } from './core/namespace-claim.ts';
import { ownSecretName } from './core/own-secret.ts';
import { turnOf } from './core/turn.ts';

export type AppOptions = {
  readonly config: Config;
  readonly connection: Connection;
  /** Signet's own namespace, where the pairs in use are kept. */
  readonly namespace: string;
  readonly version: string;
  readonly log: Log;
  readonly now?: () => Date;
  /** Called for each certificate. */
  readonly onIssued?: () => void;
  /** Stands between the requests and the CA of a signer: with it a test has CAs that hang or fail. */
  readonly authority?: (signer: string, own: Authority) => Authority;
};

export type App = {
  /** Where /metrics, /livez and /readyz are. */
  readonly http: { readonly host: string; readonly port: number };
  /** What is missing until the first requests can be decided; empty: ready. */
  readonly missing: () => readonly string[];
  /** Settles when everything has come to its end after the signal. */
  readonly ended: Promise<void>;
};

/** Requests of signers that are not served and were counted: half a megabyte. */
const REMEMBERED = 4096;
const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };
/** A CA runs out, or begins to be valid, while nothing else happens; each is looked at this often. */
const CA_CHECK_MS = 30_000;

/**
 * The whole of `signet run`, wired: connections in, loops in the middle, HTTP out. Starts listening at once (a busy port throws
 * Refusal) and waits for an API server that is away. Ends with the signal.
 */
export async function startApp({ config, connection, namespace, version, log, now = () => new Date(), onIssued = () => undefined, authority: between = (_signer, own) => own }: AppOptions, signal: AbortSignal): Promise<App> {
  // Every watch listens for the end; Node takes more than ten listeners for a leak.
  setMaxListeners(0, signal);
  const metrics = createMetrics({ signers: config.signers.map(({ name }) => name), version, backlog });
  const { record, eventDropped, reviewed, page } = metrics;
  const meter: Meter = { ...metrics.meter, decided: (signer, outcome, reason) => (metrics.meter.decided(signer, outcome, reason), outcome === 'issued' && onIssued()) };
  const onBug = (where: string) => (name: string, error: unknown) => {
    meter.bug(where);
    log.error(`a bug in ${where}: please report it`, { name, error });
  };
  const queue = (where: string, work: QueueOptions['work']): Queue => new Queue({ work, onBug: onBug(where) }, signal);

  const monotonic = (): number => performance.now();
  const events = kubernetesEvents({ connection, log, onDropped: eventDropped, now });
  /** Signet's own Secrets as they were last seen: a write is guarded by what it was decided on. */
  const ownSecrets = new Map<string, SecretSnapshot | null>();
  const policyEntry = new Map(config.policy.signers.map((signer) => [signer.name, signer]));
  const authorities: Map<string, SecretAuthority> = new Map(config.signers.map((signer) => [signer.name, authorityOf(signer)]));

  const adopting = queue('adopt', adoptLoop({ authorities, changed: caChanged, log, meter }));
  const publications = config.publish.meshConfig === null ? [] : [meshPublication({ connection, ...config.publish.meshConfig, signers: [...authorities.keys()], log, onDrift: (name) => publishing.add(name, name) })];
  const publishing = queue('publish', publishLoop({ publications, authorities, log, meter }));
  const keys = labelKeys(config.policy);
  const dependent = config.policy.signers.filter((signer) => dependsOnLabels(signer, config.policy));
  const namespaces = keys.size === 0 ? null : namespaceDirectory({ connection, keys, log, onChange: labelsChanged, onBug: (error) => onBug('watch')('namespaces', error) });
  const unfinished = new Map<string, number>();
  const issuers = config.discover.certManager === null ? null : discovered(config.discover.certManager);
  const foreign = foreignCertificates({ metrics, log, monotonic });
  let synced = false;
  const unserved = recent(REMEMBERED);
  const requests = kubernetesRequests({
    connection,
    log,
    serves,
    onChanged: ({ name, signerName, state }) => {
      if (state !== 'final' && state !== 'gone') look(name, signerName);
      else {
        gate.forget(name);
        issuing.forget(name);
      }
    },
    onUnserved: (observed) => {
      // Seen again with each version and each list: it is not held.
      if (unserved.add(observed.uid)) meter.decided(observed.signerName, 'unserved', 'SignerNotFound');
      events.emit(observed, { type: 'Warning', ...signerNotFound(observed.signerName) });
    },
    onUnapproved: (request) => {
      const notice = issuers === null || policyEntry.has(request.signerName) ? null : waitingNotice(request.requester, config.policy);
      if (notice !== null) events.emit(request, notice);
    },
    onForeign: (signerName, request, writer) => {
      // Of an issuer without a CA in a Secret the answer is its own controller's.
      if (authority(signerName) !== undefined) foreign(signerName, request, writer);
    },
    onPending: (signerName, change) => {
      meter.pending(signerName, change);
      const count = (unfinished.get(signerName) ?? 0) + change;
      if (count > 0) unfinished.set(signerName, count);
      else unfinished.delete(signerName);
    },
    onSynced: () => (synced = true),
    onSeen: () => meter.watched(now()),
    onBug: (error) => onBug('watch')('requests', error),
  });
  const recorder = createRecorder({ log, now, version, file: config.audit, meter: record, onRecovered: () => [...authorities.keys()].forEach((name) => issuing.nudge(name)) });
  const limits = new Map(config.signers.map((signer) => [signer.name, signer.limits]));
  const gate = new Gate({ limits, call: look, onPause: (signer, pause) => log.warn('the CA is left alone for a while', { signer, ...pause }), onResume: resumed, monotonic }, signal);
  const cas = new Map([...authorities].map(([name, own]) => [name, between(name, own)]));
  const issuing = queue('issue', issueLoop({ policy: config.policy, namespaceLabels: () => namespaces?.labels() ?? null, requests, authority, discovery: issuers === null ? null : { ...issuers, allow: config.discover.certManager?.allow ?? [] }, desk: caDesk({ gate, limits, monotonic }), events, recorder, log, meter, now, monotonic, randomBytes }));

  const missing = (): string[] => [
    ...(synced ? [] : ['the first list of CertificateSigningRequests']),
    ...(namespaces === null || namespaces.labels() !== null ? [] : ['the first list of Namespaces']),
    ...(recorder.ready ? [] : [`the record ${config.audit?.path}`]),
    ...(issuers === null || issuers.synced ? [] : ['the first list of cert-manager\'s issuers']),
    ...[...authorities].flatMap(([name, own]) => (own.tried ? [] : [`a first look at the CA of ${name}`])),
  ];
  const http = await startHttp({ ...config.http, metrics: page, ready: () => ({ ok: missing().length === 0, missing: missing() }), onBug: (error) => onBug('http')('', error) });
  recorder.open();
  const webhook = await openWebhook();
  const certifying = queue('webhook', async (_, workSignal) => webhook?.reconcile(workSignal) ?? 'done');
  const certify = (): void => certifying.add('webhook', 'webhook');
  const timer = setInterval(() => {
    for (const name of authorities.keys()) adopting.add(name, name);
    certify();
  }, CA_CHECK_MS);

  const running = [requests.run(signal), events.run(signal), ...(namespaces === null ? [] : [namespaces.run(signal)]), ...(issuers === null ? [] : [issuers.run(signal)]), ...publications.map((publication) => publication.run(signal)), ...config.signers.flatMap(watchCa), ...(webhook === null ? [] : [webhook.run(signal)])];
  log.info('started', { version, cluster: connection.source, server: connection.transport.server, signers: [...authorities.keys()], http: http.address, ...(webhook === null ? {} : { webhook: webhook.address }) });
  if (!config.guard && config.signers.length > 0) log.warn(`guard ${WITHOUT_GUARD}`);
  return { http: http.address, missing, ended: end() };

  async function openWebhook(): Promise<Webhook | null> {
    if (config.webhook === null) return null;
    const judge: WebhookOptions['judge'] = (observed) => admissionVerdict({ observed, policy: config.policy, namespaceLabels: namespaces?.labels() ?? null });
    const told = { onChanged: () => certify(), onReviewed: reviewed, onBug: (error: unknown) => onBug('webhook')('', error) };
    try {
      return await startWebhook({ connection, ...config.webhook, namespace, labels: LABELS, signers: [...authorities.keys()], judge, log, now, randomBytes, ...told });
    } catch (error) {
      // A port that is taken: nothing may keep the process alive.
      await http.close();
      throw error;
    }
  }

  function serves(signerName: string): Service {
    const signer = policyEntry.get(signerName);
    if (signer !== undefined) return signer.approval;
    if (issuers?.covers(signerName) === true) return 'external';
    return inOurDomain(signerName, config.policy.signers) ? 'ours' : 'other';
  }

  function authorityOf({ name, anchor, sharedTrust, ca: { secret } }: SignerConfig): SecretAuthority {
    const own = ownSecretName(name);
    return new SecretAuthority({
      anchor,
      sharedTrust,
      lifetime: policyEntry.get(name)?.lifetime.default ?? 0,
      sourceName: `Secret ${secret.namespace}/${secret.name}`,
      ownName: `Secret ${namespace}/${own}`,
      keep: async (files, keepSignal) => {
        const result = await writeSecret(connection, { namespace, name: own, data: { ...files }, labels: LABELS, annotations: { 'signet.dev/signer': name }, seen: ownSecrets.get(name) ?? null }, keepSignal);
        if (result === 'conflict') throw new Unavailable(`Secret ${namespace}/${own} was written by somebody else at the same time`);
      },
      conflict: (pair) => clash(pair, name, authorities),
      now,
    });
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

  function discovered({ allow, clusterResourceNamespace, namespaces: served }: CertManagerConfig): CertManagerIssuers {
    const report = issuerReport({ metrics, meter, configured: [...policyEntry.keys()], log });
    return certManagerIssuers({
      connection,
      clusterResourceNamespace,
      namespaces: served,
      allow,
      owner: (of, secret) => config.signers.find(({ ca }) => ca.secret.namespace === of && ca.secret.name === secret)?.name ?? null,
      rival: (pair) => rivalOf(pair, authorities),
      wanted: (name) => (unfinished.get(name) ?? 0) > 0,
      log,
      now,
      monotonic,
      configured: (name) => policyEntry.has(name),
      onChange(name, found) {
        report(name, found);
        if (!policyEntry.has(name)) lookAgain(name);
      },
      onSynced: () => [...unfinished.keys()].forEach(lookAgain),
      onBug: (error) => onBug('watch')('issuers', error),
    });
  }

  /** At all requests of a signer: what they waited for may be there. */
  function lookAgain(signer: string): void {
    gate.renew(signer);
    for (const name of requests.of(signer)) look(name, signer);
  }

  function authority(name: string): Authority | undefined {
    return cas.get(name) ?? issuers?.find(name)?.authority ?? undefined;
  }

  function look(name: string, signer: string): void {
    issuing.add(name, signer, turnOf(signer, requests.get(name)?.requester, policyEntry.has(signer)));
  }

  function resumed(signer: string): void {
    log.info('the CA answers again', { signer });
    issuing.nudge(signer);
  }

  function backlog(): Backlog[] {
    const of = { queue: issuing, gate, unfinished: (name: string) => unfinished.get(name) ?? 0, ready: (name: string) => authority(name)?.state().ready === true };
    return [...cas.keys(), ...(issuers?.names() ?? []).filter((name) => !cas.has(name))].map((name) => backlogOf(name, of));
  }

  /** What waits is decided by the labels as they are now; what was refused stays refused. */
  function labelsChanged(): void {
    for (const { name } of dependent) issuing.nudge(name);
  }

  function caChanged(): void {
    // Of all signers: whether a CA may be used depends on those that come before it.
    for (const name of authorities.keys()) {
      issuing.nudge(name);
      gate.renew(name);
      adopting.add(name, name);
    }
    for (const { name } of publications) publishing.add(name, name);
  }

  async function end(): Promise<void> {
    await Promise.all(running);
    clearInterval(timer);
    // What was being written when the signal came is let to its end: a certificate that is out should be counted.
    await Promise.all([issuing.onIdle(), adopting.onIdle(), publishing.onIdle(), certifying.onIdle()]);
    await recorder.close();
    await Promise.all([http.close(), webhook?.close()]);
    await connection.close();
    log.info('stopped');
  }
}
