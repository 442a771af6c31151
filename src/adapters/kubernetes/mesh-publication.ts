import type { Log, Publication } from '../../control/ports.ts';
import { meshDocument } from '../../core/mesh.ts';
import { applyConfigMap, watchConfigMap } from './configmaps.ts';
import type { Connection } from './connection.ts';

/** The key of a mesh ConfigMap that istiod reads (istio: pkg/config/mesh/kubemesh). */
const KEY = 'mesh';

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
  /** undefined: not seen yet. */
  let current: string | null | undefined;
  return {
    name: publication,
    run: (signal) =>
      watchConfigMap(connection, {
        namespace,
        name,
        log,
        signal,
        onChange: (data) => {
          current = data?.[KEY] ?? null;
          onDrift(publication);
        },
      }),
    async publish(bundles, signal) {
      // Seeing it for the first time asks for this again; until then nobody knows which entries have to be kept.
      if (current === undefined) return 'unchanged';
      return applyConfigMap(connection, { namespace, name, key: KEY, value: meshDocument(current, signers, bundles) }, signal);
    },
  };
}
