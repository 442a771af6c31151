import { REVIEW_KINDS } from './access-review.ts';
import { CERTIFICATE_REQUEST } from './certificate-request.ts';
import { CONFIG_MAP } from './config-map.ts';
import { EVENT } from './event.ts';
import type { Kind } from './kind.ts';
import { NAMESPACE } from './namespace.ts';
import { RBAC_KINDS } from './rbac.ts';
import { SECRET } from './secret.ts';
import { SERVICE_ACCOUNT } from './service-account.ts';

/** Everything the sandbox serves. */
export const KINDS: readonly Kind[] = [NAMESPACE, SECRET, CONFIG_MAP, SERVICE_ACCOUNT, EVENT, CERTIFICATE_REQUEST, ...RBAC_KINDS, ...REVIEW_KINDS];

const BY_PLURAL = new Map(KINDS.map((kind) => [resourceKey(kind), kind]));
const BY_NAME = new Map(KINDS.map((kind) => [`${apiVersionOf(kind)} ${kind.kind}`, kind]));

export function findKind(group: string, version: string, plural: string): Kind | undefined {
  const found = BY_PLURAL.get(resourceKey({ group, plural }));
  return found?.version === version ? found : undefined;
}

/** By what an object says of itself. */
export function kindNamed(apiVersion: string, kind: string): Kind | undefined {
  return BY_NAME.get(`${apiVersion} ${kind}`);
}

/** How the store names the resource: `secrets`, `certificatesigningrequests.certificates.k8s.io`. */
export function resourceKey({ group, plural }: { readonly group: string; readonly plural: string }): string {
  return group === '' ? plural : `${plural}.${group}`;
}

export function apiVersionOf({ group, version }: { readonly group: string; readonly version: string }): string {
  return group === '' ? version : `${group}/${version}`;
}

/** The key of an object within its resource; `namespace` is '' for a cluster-scoped one. */
export function objectKey(namespace: string, name: string): string {
  return namespace === '' ? name : `${namespace}/${name}`;
}
