import { Unavailable } from '../../control/errors.ts';
import type { Log } from '../../control/ports.ts';
import { ApiFailure, isPassing, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { watchOne } from './watch-one.ts';
import type { WatchOneOptions } from './watch-one.ts';
import type { WireSecret } from './wire.ts';
import { createOne, patchOne } from './write-one.ts';

/** A Secret as it was seen, decoded. */
export type SecretSnapshot = {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** By key: `tls.crt`, `tls.key`, `ca.crt`, … Never logged. */
  readonly data: Readonly<Record<string, Buffer>>;
};

export type SecretName = { readonly namespace: string; readonly name: string };

export type WatchSecretOptions = SecretName & {
  /** The Secret as it is now, null when there is none; first when that is known, then at each change. */
  readonly onChange: (secret: SecretSnapshot | null) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
} & Pick<WatchOneOptions<WireSecret>, 'onTrouble' | 'onBug' | 'tuning'>;

/**
 * Watches one Secret until the signal is aborted; resolves then, and never rejects. It takes the verbs list and watch, which RBAC
 * can limit to that name. While it may not be read (403) `onTrouble` says so and `onChange` is not called.
 */
export function watchSecret(connection: Connection, { namespace, name, onChange, ...rest }: WatchSecretOptions): Promise<void> {
  return watchOne<WireSecret>(connection, { ...rest, path: secretsPath(namespace), name, onChange: (secret) => onChange(secret === null ? null : snapshot(secret)) });
}

export type WriteSecretOptions = SecretName & {
  readonly data: Readonly<Record<string, Uint8Array | undefined>>;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What was seen when the write was decided on: null makes the Secret, otherwise it is replaced as long as it is still that. */
  readonly seen: SecretSnapshot | null;
};

/**
 * Writes one of Signet's own Secrets whole: keys that are not in `data` are removed, foreign labels and annotations stay. `conflict`: it
 * is not, or no longer, what was `seen`. It takes the verb patch on that name, and create. Throws Unavailable, whatever the reason, with
 * nothing of the data in it: a right that is granted later must not need a restart.
 */
export async function writeSecret(connection: Connection, { namespace, name, data, labels = {}, annotations = {}, seen }: WriteSecretOptions, signal: AbortSignal): Promise<'written' | 'conflict'> {
  const encoded: Record<string, string | null> = {};
  for (const key of Object.keys(seen?.data ?? {})) encoded[key] = null;
  for (const [key, value] of Object.entries(data)) if (value !== undefined) encoded[key] = Buffer.from(value).toString('base64');
  try {
    if (seen === null) {
      await createOne(connection, secretsPath(namespace), { metadata: { name, labels, annotations }, type: 'Opaque', data: encoded }, signal);
    } else {
      await patchOne(connection, secretsPath(namespace), name, { metadata: { resourceVersion: seen.resourceVersion, labels, annotations }, data: encoded }, signal);
    }
    return 'written';
  } catch (error) {
    if (error instanceof ApiFailure && (error.status === 409 || (error.status === 404 && seen !== null))) return 'conflict';
    throw withoutData(error, `Secret ${namespace}/${name}`);
  }
}

/** The server's words on 400 and 422 may quote what was sent, and that is a key. */
function withoutData(error: unknown, target: string): unknown {
  if (!(error instanceof ApiFailure)) return error;
  if (isPassing(error)) return portError(error);
  switch (error.status) {
    case 403:
      return new Unavailable(`${error.message}; it takes the verb patch on ${target}, and create; "signet rbac" prints the whole Role`);
    case 404:
      return new Unavailable(`${target} cannot be made: does its namespace exist?`);
    default:
      return new Unavailable(`${target} cannot be written: ${error.status} ${error.reason}`);
  }
}

function snapshot({ metadata, data = {} }: WireSecret): SecretSnapshot {
  return {
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    labels: metadata.labels ?? {},
    annotations: metadata.annotations ?? {},
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64')])),
  };
}

function secretsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`;
}
