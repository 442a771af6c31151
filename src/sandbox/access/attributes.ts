import type { Identity } from './identity.ts';

/** What somebody wants to do, as RBAC sees it. '' stands for none. */
export type Attributes =
  | { readonly kind: 'path'; readonly verb: string; readonly path: string }
  | {
      readonly kind: 'resource';
      readonly verb: string;
      readonly group: string;
      readonly resource: string;
      readonly subresource: string;
      readonly namespace: string;
      readonly name: string;
    };

/** Why not, in the API server's words. */
export function refusalText({ username }: Identity, wanted: Attributes): string {
  const who = `User ${JSON.stringify(username)}`;
  if (wanted.kind === 'path') return `${who} cannot ${wanted.verb} path "${wanted.path}"`;
  const resource = wanted.subresource === '' ? wanted.resource : `${wanted.resource}/${wanted.subresource}`;
  const scope = wanted.namespace === '' ? 'at the cluster scope' : `in the namespace "${wanted.namespace}"`;
  return `${who} cannot ${wanted.verb} resource "${resource}" in API group "${wanted.group}" ${scope}`;
}
