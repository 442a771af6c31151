import { Refusal, Unavailable } from '../../control/errors.ts';
import type { Log, Publication } from '../../control/ports.ts';
import { foreignKeys, meshDocument } from '../../core/mesh.ts';
import { RateMeter } from '../../core/rate-meter.ts';
import { applyConfigMap, watchConfigMap } from './configmaps.ts';
import type { Connection } from './connection.ts';

/** The key of a mesh ConfigMap that istiod reads (istio: pkg/config/mesh/kubemesh). */
const KEY = 'mesh';

/** Looks at the target, and repairs: enough for every CA of a large start at once, too few for an endless fight with another writer. */
const REPAIRS = { count: 1, seconds: 2, burst: 30 };

export type MeshPublicationOptions = {
  readonly connection: Connection;
  readonly namespace: string;
  readonly name: string;
  /** Every configured signer. */
  readonly signers: readonly string[];
  readonly log: Log;
  /** The ConfigMap changed under another hand. */
  readonly onDrift: (publication: string) => void;
};

/** The ConfigMap of SHARED_MESH_CONFIG: followed, so that a change by anybody else is put right. */
export function meshPublication({ connection, namespace, name, signers, log, onDrift }: MeshPublicationOptions): Publication & { run(signal: AbortSignal): Promise<void> } {
  const publication = `ConfigMap ${namespace}/${name}`;
  let seen = false;
  const repairs = new RateMeter(REPAIRS);
  return {
    name: publication,
    run: (signal) =>
      watchConfigMap(connection, {
        namespace,
        name,
        log,
        signal,
        onChange: () => {
          seen = true;
          onDrift(publication);
        },
      }),
    async publish(bundles, signal) {
      // Seeing it for the first time asks for this again: before that, whether it may be read at all is not known.
      if (!seen) return 'not seen';
      const wait = repairs.tryTake(performance.now());
      if (wait > 0) throw new Unavailable(`${publication} is changed again and again by somebody else`, { retryAfter: wait / 1000 });
      return applyConfigMap(connection, { namespace, name, key: KEY, value: (current, ours) => desired(current, ours, bundles) }, signal);
    },
  };

  function desired(current: string | null, ours: boolean, bundles: Parameters<Publication['publish']>[0]): string {
    const foreign = ours ? [] : foreignKeys(current);
    if (foreign.length > 0) throw new Refusal(`${publication} holds a mesh configuration (${foreign.join(', ')}), which would be lost: publish to a ConfigMap of its own, and name it to istiod as SHARED_MESH_CONFIG`);
    return meshDocument(current, signers, bundles);
  }
}
