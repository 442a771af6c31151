import { Unavailable } from '../../control/errors.ts';
import type { Log } from '../../control/ports.ts';
import { ApiFailure, isPassing, portError } from './api-failure.ts';
import type { Connection } from './connection.ts';
import { readOne } from './read-one.ts';
import { watchOne } from './watch-one.ts';
import type { WatchOneOptions } from './watch-one.ts';
import type { WireConfigMap } from './wire.ts';
import { createOne, patchOne } from './write-one.ts';

export type ConfigMapName = { readonly namespace: string; readonly name: string };

export type WatchConfigMapOptions = ConfigMapName & {
  /** Its data, null when there is none; first when that is known, then at each change of the object. */
  readonly onChange: (data: Readonly<Record<string, string>> | null) => void;
  readonly log: Log;
  readonly signal: AbortSignal;
} & Pick<WatchOneOptions<WireConfigMap>, 'onTrouble' | 'onBug' | 'tuning'>;

/** Watches one ConfigMap until the signal is aborted; resolves then, and never rejects. It takes list and watch on that name. */
export function watchConfigMap(connection: Connection, { namespace, name, onChange, ...rest }: WatchConfigMapOptions): Promise<void> {
  return watchOne<WireConfigMap>(connection, { ...rest, path: configMapsPath(namespace), name, onChange: (map) => onChange(map === null ? null : (map.data ?? {})) });
}

export type ApplyConfigMapOptions = ConfigMapName & {
  readonly key: string;
  /** The text it is to hold, from the one it holds now (null: none) and whether it has Signet's labels. What it throws is thrown on. */
  readonly value: (current: string | null, ours: boolean) => string;
};

const LABELS = { 'app.kubernetes.io/name': 'signet', 'app.kubernetes.io/managed-by': 'signet' };

/** Each attempt reads anew. Others write the same object now and then, not five times within milliseconds. */
const ATTEMPTS = 5;

/**
 * Makes one key of a ConfigMap hold a text, and two labels say whose it is; every other key, label and annotation stays as it
 * is. Writes nothing when it is so already, and makes the ConfigMap where there is none. It takes get and patch on that
 * name, and create where it is to be made. Throws Unavailable, whatever the reason: an operator who grants a right or makes a
 * namespace must not have to restart anything.
 */
export async function applyConfigMap(connection: Connection, options: ApplyConfigMapOptions, signal: AbortSignal): Promise<'written' | 'unchanged'> {
  const target = `ConfigMap ${options.namespace}/${options.name}`;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    try {
      const result = await applyOnce(connection, options, signal);
      if (result !== 'conflict') return result;
    } catch (error) {
      throw unavailable(error, target);
    }
  }
  throw new Unavailable(`${target} was changed by somebody else at each of ${ATTEMPTS} attempts to write it`);
}

async function applyOnce(connection: Connection, { namespace, name, key, value: valueFor }: ApplyConfigMapOptions, signal: AbortSignal): Promise<'written' | 'unchanged' | 'conflict'> {
  const present = await readOne<WireConfigMap>(connection, configMapsPath(namespace), name, signal);
  const value = valueFor(present?.data?.[key] ?? null, present !== null && isOurs(present));
  if (present !== null && isOurs(present) && present.data?.[key] === value) return 'unchanged';
  try {
    if (present === null) {
      await createOne(connection, configMapsPath(namespace), { metadata: { name, labels: LABELS }, data: { [key]: value } }, signal);
    } else {
      await patchOne(connection, configMapsPath(namespace), name, { metadata: { resourceVersion: present.metadata.resourceVersion, labels: LABELS }, data: { [key]: value } }, signal);
    }
    return 'written';
  } catch (error) {
    // 409: changed, or made, since it was read; 404 of a patch: deleted since.
    if (error instanceof ApiFailure && (error.status === 409 || (error.status === 404 && present !== null))) return 'conflict';
    throw error;
  }
}

function isOurs({ metadata }: WireConfigMap): boolean {
  return Object.entries(LABELS).every(([label, wanted]) => metadata.labels?.[label] === wanted);
}

function unavailable(error: unknown, target: string): unknown {
  if (!(error instanceof ApiFailure)) return error;
  if (isPassing(error)) return portError(error);
  switch (error.status) {
    case 403:
      return new Unavailable(`${error.message}; it takes the verbs get and patch on ${target}, and create where it does not exist yet; "signet rbac" prints the whole Role`, { cause: error });
    case 404:
      return new Unavailable(`${target} cannot be made: ${error.message}; does its namespace exist?`, { cause: error });
    default:
      return new Unavailable(`${target} cannot be written: ${error.message}`, { cause: error });
  }
}

function configMapsPath(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`;
}
