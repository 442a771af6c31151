import type { Connection } from './connection.ts';
import { reflect } from './reflector.ts';
import type { ReflectorOptions } from './reflector.ts';
import type { KubernetesObject } from './wire.ts';

export type WatchOneOptions<T extends KubernetesObject> = {
  /** The collection it is in: `/api/v1/namespaces/foo/secrets`. */
  readonly path: string;
  readonly name: string;
  /** The object as it is now, null when there is none; first when that is known, then when it has another version. */
  readonly onChange: (object: T | null) => void;
} & Pick<ReflectorOptions<T>, 'log' | 'signal' | 'onTrouble' | 'onBug' | 'tuning'>;

/** Watches one object by its name until the signal is aborted; resolves then, and never rejects. */
export function watchOne<T extends KubernetesObject>({ transport }: Connection, { name, onChange, ...rest }: WatchOneOptions<T>): Promise<void> {
  /** undefined: nothing is known yet; null: there is none. */
  let version: string | null | undefined;

  function tell(object: T | null): void {
    const now = object?.metadata.resourceVersion ?? null;
    if (now === version) return;
    version = now;
    onChange(object);
  }

  return reflect<T>({
    ...rest,
    transport,
    fieldSelector: `metadata.name=${name}`,
    handlers: {
      onObject(object) {
        tell(object);
        return true;
      },
      onGone: () => tell(null),
      onSynced: () => {
        if (version === undefined) tell(null);
      },
    },
  });
}
