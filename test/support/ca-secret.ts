import { secretFiles, type TestAuthority } from './authority.ts';
import type { KubernetesObject } from './rig/api.ts';

/** The CA of a tenant as the Secret that cert-manager would have made. */
export function caSecret(name: string, authority: TestAuthority, namespace = 'cert-manager'): KubernetesObject {
  return tlsSecret({ namespace, name }, secretFiles(authority));
}

/** A Secret of type kubernetes.io/tls; the files as text or octets. */
export function tlsSecret(metadata: KubernetesObject['metadata'], files: Readonly<Record<string, string | Uint8Array>>): KubernetesObject {
  const data = Object.fromEntries(Object.entries(files).map(([key, content]) => [key, Buffer.from(content).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', type: 'kubernetes.io/tls', metadata, data };
}
