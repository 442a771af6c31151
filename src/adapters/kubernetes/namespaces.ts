import type { Log } from '../../control/ports.ts';
import type { Labels } from '../../core/label-selector.ts';
import type { NamespaceLabels } from '../../core/namespace-claim.ts';
import type { Connection } from './connection.ts';
import { reflect } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import type { KubernetesObject } from './wire.ts';

export type NamespaceDirectoryOptions = {
  readonly connection: Connection;
  /** Keys of labels that something is decided by; the others are not kept. */
  readonly keys: ReadonlySet<string>;
  readonly log: Log;
  /** The first list is complete, or since then a label that is kept has changed, or a namespace came or went. */
  readonly onChange: () => void;
} & Pick<ReflectorOptions<KubernetesObject>, 'onBug'>;

export type NamespaceDirectory = {
  /** As last seen; null until the first list is complete. */
  labels(): NamespaceLabels;
  /** Watches until the signal is aborted; resolves then, and never rejects. It takes the verbs list and watch on namespaces. */
  run(signal: AbortSignal): Promise<void>;
};

/** The labels of every namespace, followed. While the API server is away they are as they were: a refusal is final, and so is a certificate. */
export function namespaceDirectory({ connection, keys, log, onChange, ...rest }: NamespaceDirectoryOptions): NamespaceDirectory {
  const known = new Map<string, Labels>();
  let synced = false;

  function changed(): void {
    if (synced) onChange();
  }

  return {
    labels: () => (synced ? known : null),
    run: (signal) =>
      reflect<KubernetesObject>({
        ...rest,
        transport: connection.transport,
        path: '/api/v1/namespaces',
        log,
        signal,
        handlers: {
          onObject({ metadata: { name, labels = {} } }) {
            const kept = Object.fromEntries(Object.entries(labels).filter(([key]) => keys.has(key)));
            const before = known.get(name);
            known.set(name, kept);
            if (before === undefined || !same(before, kept)) changed();
            return true;
          },
          onGone({ name }) {
            known.delete(name);
            changed();
          },
          onSynced() {
            if (synced) return;
            synced = true;
            onChange();
          },
        },
      }),
  };
}

function same(a: Labels, b: Labels): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && a[key] === b[key]);
}
