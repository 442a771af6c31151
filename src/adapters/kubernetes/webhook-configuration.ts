import { Unavailable } from '../../control/errors.ts';
import type { Log } from '../../control/ports.ts';
import { ApiFailure, isPassing, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { watchOne, type WatchOneOptions } from './watch-one.ts';
import type { KubernetesObject } from './wire.ts';

const PATH = '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations';

type WireWebhook = {
  readonly name: string;
  readonly clientConfig: { readonly caBundle?: string; readonly url?: string; readonly service?: { readonly namespace: string; readonly name: string } };
  readonly matchConditions?: readonly { readonly name: string; readonly expression: string }[];
};

/** A ValidatingWebhookConfiguration as far as it is read. */
export type WireWebhookConfiguration = KubernetesObject & { readonly webhooks?: readonly WireWebhook[] };

/** One webhook of it. */
export type WebhookSnapshot = {
  readonly resourceVersion: string;
  /** PEM; empty: none yet. */
  readonly caBundle: string;
  /** The expression of the match condition `served`; null: there is none. */
  readonly served: string | null;
  /** Where the API server calls it: `signet.signet-system.svc`, or the host of its url. */
  readonly host: string;
};

export type WatchWebhookOptions = {
  /** Of the configuration, and of the one webhook in it. */
  readonly name: string;
  readonly webhook: string;
  /** null: there is no such configuration, or no such webhook in it. First when that is known, then at each change. */
  readonly onChange: (found: WebhookSnapshot | null) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
} & Pick<WatchOneOptions<WireWebhookConfiguration>, 'onBug'>;

/** Watches it until the signal is aborted; resolves then, and never rejects. It takes list and watch on that name. */
export function watchWebhook(connection: Connection, { name, webhook, onChange, ...rest }: WatchWebhookOptions): Promise<void> {
  return watchOne<WireWebhookConfiguration>(connection, { ...rest, path: PATH, name, onChange: (found) => onChange(found === null ? null : snapshot(found, webhook)) });
}

export type WriteWebhookOptions = { readonly name: string; readonly webhook: string; readonly caBundle: string; readonly served: string; readonly seen: WebhookSnapshot };

/**
 * Sets whom the API server is to believe there, and the match condition `served`; all else stays as it is. It takes the verb patch on
 * that name. Throws Unavailable, whatever the reason: granting a right later must not need a restart.
 */
export async function writeWebhook({ transport }: Connection, { name, webhook, caBundle, served, seen }: WriteWebhookOptions, signal: AbortSignal): Promise<'written' | 'conflict'> {
  // A strategic merge: a list of webhooks and a list of conditions, both by name. A merge patch would need the whole of both.
  const body = {
    metadata: { resourceVersion: seen.resourceVersion },
    webhooks: [{ name: webhook, clientConfig: { caBundle: Buffer.from(caBundle).toString('base64') }, matchConditions: [{ name: 'served', expression: served }] }],
  };
  try {
    await transport.call({ method: 'PATCH', path: `${PATH}/${name}?fieldManager=signet`, contentType: 'application/strategic-merge-patch+json', body: JSON.stringify(body), signal });
    return 'written';
  } catch (error) {
    if (!(error instanceof ApiFailure)) throw error;
    if (error.status === 409 || error.status === 404) return 'conflict';
    if (isPassing(error)) throw portError(error);
    const advice = error.status === 403 ? '; it takes the verb patch on that name; "signet rbac" prints the whole Role' : '';
    throw new Unavailable(`ValidatingWebhookConfiguration ${name} cannot be written: ${error.message}${advice}`, { cause: error });
  }
}

function snapshot({ metadata, webhooks = [] }: WireWebhookConfiguration, webhook: string): WebhookSnapshot | null {
  const found = webhooks.find(({ name }) => name === webhook);
  if (found === undefined) return null;
  const { caBundle = '', url, service } = found.clientConfig;
  return {
    resourceVersion: metadata.resourceVersion,
    caBundle: Buffer.from(caBundle, 'base64').toString('utf8'),
    served: found.matchConditions?.find(({ name }) => name === 'served')?.expression ?? null,
    host: service === undefined ? hostOf(url ?? '') : `${service.name}.${service.namespace}.svc`,
  };
}

/** The API server has checked that it is an https URL. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, '') : '';
}
