import { Unavailable } from '../../control/errors.ts';
import type { Log } from '../../control/ports.ts';
import type { AdmissionVerdict } from '../../core/admission.ts';
import { certificatePem, type Certificate } from '../../core/certificate.ts';
import type { GeneralName } from '../../core/general-name.ts';
import { ipAddressText, parseIpAddress } from '../../core/ip-address.ts';
import type { Observed } from '../../core/observed.ts';
import { RateMeter } from '../../core/rate-meter.ts';
import type { Connection } from '../kubernetes/connection.ts';
import { watchSecret, writeSecret, type SecretSnapshot } from '../kubernetes/secrets.ts';
import { watchWebhook, writeWebhook, type WebhookSnapshot } from '../kubernetes/webhook-configuration.ts';
import { readReview, reviewAnswer } from './review.ts';
import { startReviewServer } from './server.ts';
import { isDue, newCa, newServingCertificate, type Circumstances, type ServingCertificate } from './serving-certificate.ts';
import { readTrust, type WebhookTrust } from './trust.ts';

export type WebhookOptions = {
  readonly connection: Connection;
  readonly host: string;
  readonly port: number;
  /** Signet's own namespace, where the CA's key is kept. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** The names of the signers served: for no other is the API server to ask. */
  readonly signers: readonly string[];
  readonly judge: (observed: Omit<Observed, 'state'>) => AdmissionVerdict;
  readonly log: Log;
  readonly now: () => Date;
  readonly randomBytes: (size: number) => Uint8Array;
  /** Something that `reconcile` looks at has changed. */
  readonly onChanged: () => void;
  readonly onReviewed: (signer: string, verdict: 'allowed' | 'refused') => void;
  readonly onBug: (error: unknown) => void;
};

export type Webhook = {
  readonly address: { readonly host: string; readonly port: number };
  /** Follows its Secret and its ValidatingWebhookConfiguration until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Brings CA, configuration and serving certificate up to date; to be called when something changed, and now and then. */
  reconcile(signal: AbortSignal): Promise<'done' | { readonly retryAfter: number | null }>;
  close(): Promise<void>;
};

/** Of the ValidatingWebhookConfiguration, and of the one webhook in it. */
const CONFIGURATION = 'signet';
const WEBHOOK = 'requests.signet.dev';
/** The Secret of its CA, in Signet's own namespace. */
const SECRET = 'signet-webhook';

/** Seconds. The CA is trusted for this one webhook; its leaf lives in this process alone. */
const LIFETIME = { ca: 365 * 86_400, leaf: 7 * 86_400 };

/** Whoever reaches the port could write as many lines; the count is in the metrics. */
const LINES = { count: 1, seconds: 1, burst: 50 };
/** Enough to put right what an operator applies anew, too few for an endless fight with another writer. */
const REPAIRS = { count: 1, seconds: 10, burst: 10 };

/**
 * The admission webhook: it refuses at creation, within milliseconds, what the policy would refuse later. It makes its own CA, keeps it in
 * a Secret, tells the API server of it, and renews both in time. Where any of that is not possible the API server goes on without it.
 * Throws Refusal when it cannot listen.
 */
export async function startWebhook(options: WebhookOptions): Promise<Webhook> {
  const { connection, namespace, labels, log, now, randomBytes, onChanged, onReviewed, judge } = options;
  const [lines, repairs] = [new RateMeter(LINES), new RateMeter(REPAIRS)];
  /** undefined: not heard of yet. */
  let secret: SecretSnapshot | null | undefined;
  let configuration: WebhookSnapshot | null | undefined;
  let presented: ServingCertificate | null = null;
  let saidMissing = false;
  const server = await startReviewServer({ ...options, review });
  const circumstances = (seconds: number): Circumstances => ({ now: now(), randomBytes, seconds });

  function review(body: string): string | null {
    const asked = readReview(body);
    if (asked === null) return null;
    const { observed, dryRun } = asked;
    if (observed === null) return reviewAnswer(asked.uid, { allowed: true });
    const verdict = judge(observed);
    // A dry run has no effect, not even on a counter.
    if (!dryRun) onReviewed(observed.signerName, verdict.allowed ? 'allowed' : 'refused');
    if (!verdict.allowed && !dryRun && lines.tryTake(performance.now()) === 0) {
      const { name, uid, signerName, requester } = observed;
      log.warn('refused at creation', { request: name, uid, signer: signerName, requester: requester.username, reason: verdict.reason, why: verdict.message });
    }
    return reviewAnswer(asked.uid, verdict);
  }

  async function reconcile(signal: AbortSignal): Promise<'done' | { retryAfter: number | null }> {
    if (secret === undefined || configuration === undefined) return 'done';
    try {
      const trust = secret === null ? null : readTrust(secret.data);
      // Its own event brings us back here.
      if (trust === null || isDue(trust.pair.anchor, now())) await renewCa(secret, trust, signal);
      else await inject(trust, configuration, signal);
      return 'done';
    } catch (error) {
      if (signal.aborted) return 'done';
      if (!(error instanceof Unavailable)) throw error;
      log.warn('the webhook is not set up, and tried again', { why: error.message });
      return { retryAfter: error.retryAfter };
    }
  }

  async function renewCa(seen: SecretSnapshot | null, before: WebhookTrust | null, signal: AbortSignal): Promise<void> {
    const previous = before === null ? [] : [before.pair.anchor, ...before.previous].filter(({ notAfter }) => notAfter > now());
    const data = { ...newCa(circumstances(LIFETIME.ca)), ...(previous.length === 0 ? {} : { 'previous.crt': Buffer.from(pem(previous)) }) };
    const result = await writeSecret(connection, { namespace, name: SECRET, data, labels, seen }, signal);
    if (result === 'conflict') throw new Unavailable(`Secret ${namespace}/${SECRET} was written by somebody else at the same time`);
    log.info('the webhook has a new CA', { secret: `${namespace}/${SECRET}` });
  }

  /** First the API server learns of a CA, then its certificates are presented: so no call fails for a change of CA. */
  async function inject({ pair, previous }: WebhookTrust, found: WebhookSnapshot | null, signal: AbortSignal): Promise<void> {
    if (found === null && !saidMissing) log.warn(`there is no ValidatingWebhookConfiguration ${CONFIGURATION} with a webhook ${WEBHOOK}, so nobody asks: apply manifests/components/webhook`);
    saidMissing = found === null;
    if (found !== null) {
      const caBundle = pem([pair.anchor, ...previous.filter(({ notAfter }) => notAfter > now())]);
      const served = servedCondition(options.signers);
      if (found.caBundle !== caBundle || found.served !== served) {
        const wait = repairs.tryTake(performance.now());
        if (wait > 0) throw new Unavailable(`ValidatingWebhookConfiguration ${CONFIGURATION} is changed again and again by somebody else`, { retryAfter: wait / 1000 });
        const result = await writeWebhook(connection, { name: CONFIGURATION, webhook: WEBHOOK, caBundle, served, seen: found }, signal);
        // A newer version is on its way, and brings us back here.
        if (result === 'conflict') return;
        log.info('the API server is told of the webhook', { configuration: CONFIGURATION });
      }
    }
    const names = [nameOf(found?.host ?? `signet.${namespace}.svc`)];
    if (presented !== null && presented.issuer === pair.anchor.fingerprint && JSON.stringify(presented.names) === JSON.stringify(names) && !isDue(presented, now())) return;
    presented = await newServingCertificate(pair, names, circumstances(LIFETIME.leaf));
    server.present(presented);
  }

  const follow = <T>(set: (found: T | null) => void) => (found: T | null): void => {
    set(found);
    onChanged();
  };
  return {
    address: server.address,
    reconcile,
    run: async (signal) => {
      const onBug = options.onBug;
      await Promise.all([
        watchSecret(connection, { namespace, name: SECRET, log, signal, onBug, onChange: follow((found) => (secret = found)) }),
        watchWebhook(connection, { name: CONFIGURATION, webhook: WEBHOOK, log, signal, onBug, onChange: follow((found) => (configuration = found)) }),
      ]);
    },
    close: () => server.close(),
  };
}

/** CEL has JSON's strings. Without this every request of the cluster, also those of kubelets, would wait for Signet. */
export function servedCondition(signers: readonly string[]): string {
  return `object.spec.signerName in [${[...signers].sort().map((name) => JSON.stringify(name)).join(', ')}]`;
}

function nameOf(host: string): GeneralName {
  const octets = parseIpAddress(host);
  return octets === null ? { type: 'dns', value: host } : { type: 'ip', value: ipAddressText(octets) };
}

function pem(certificates: readonly Certificate[]): string {
  return certificates.map(certificatePem).join('');
}
