/** An authenticated user, as it is stamped into certificate requests. `uid` is '' where there is none. */
export type Identity = {
  readonly username: string;
  readonly uid: string;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
};

/** Whoever brings no credentials. */
export const ANONYMOUS: Identity = { username: 'system:anonymous', uid: '', groups: ['system:unauthenticated'], extra: {} };

/** Members may do everything: no rule is asked. */
export const MASTERS = 'system:masters';

const AUTHENTICATED = 'system:authenticated';

/** A user with these groups, and with the group that every authenticated user is in. */
export function authenticated(user: string, groups: readonly string[], more: { uid?: string; extra?: Identity['extra'] } = {}): Identity {
  return { username: user, uid: more.uid ?? '', groups: [...new Set([...groups, AUTHENTICATED])], extra: more.extra ?? {} };
}

/** The user and groups of a service account. */
export function serviceAccountIdentity(namespace: string, name: string, more: { uid?: string; extra?: Identity['extra'] } = {}): Identity {
  return authenticated(`system:serviceaccount:${namespace}:${name}`, ['system:serviceaccounts', `system:serviceaccounts:${namespace}`], more);
}

/** The namespace and name in a service account's user name. */
export function serviceAccountOf(username: string): { readonly namespace: string; readonly name: string } | undefined {
  const [system, kind, namespace, name, ...more] = username.split(':');
  if (system !== 'system' || kind !== 'serviceaccount' || namespace === undefined || name === undefined || more.length > 0) return undefined;
  return { namespace, name };
}
