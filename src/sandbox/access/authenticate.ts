import type { IncomingHttpHeaders } from 'node:http';
import { badRequest, forbidden, unauthorized } from '../failure.ts';
import { refusalText, type Attributes } from './attributes.ts';
import { ANONYMOUS, authenticated, serviceAccountIdentity, serviceAccountOf, type Identity } from './identity.ts';
import type { Tokens } from './tokens.ts';

/**
 * Who sends a request: the bearer token's user, or whoever that user impersonates and may. No token is the anonymous
 * user, as in a cluster; a token that is not known is 401.
 */
export function authenticate(headers: IncomingHttpHeaders, tokens: Tokens, now: Date, mayDo: (identity: Identity, wanted: Attributes) => boolean): Identity {
  const identity = bearer(headers.authorization, tokens, now);
  const wanted = impersonated(headers);
  if (wanted === undefined) return identity;
  for (const attributes of impersonations(wanted)) {
    if (!mayDo(identity, attributes)) {
      throw forbidden({ group: attributes.group, plural: attributes.resource }, attributes.name, refusalText(identity, attributes));
    }
  }
  return wanted.identity;
}

function bearer(header: string | undefined, tokens: Tokens, now: Date): Identity {
  const token = /^bearer\s+(\S+)$/i.exec(header?.trim() ?? '')?.[1];
  if (header === undefined || header.trim() === '') return ANONYMOUS;
  const identity = token === undefined ? undefined : tokens.identify(token, now);
  if (identity === undefined) throw unauthorized();
  return identity;
}

type Impersonation = { readonly identity: Identity; readonly groups: readonly string[] };

function impersonated(headers: IncomingHttpHeaders): Impersonation | undefined {
  const user = first(headers['impersonate-user']);
  const groups = listed(headers['impersonate-group']);
  const uid = first(headers['impersonate-uid']);
  if (user === '') {
    if (groups.length > 0 || uid !== '') throw badRequest('requested impersonation without impersonating a user');
    return undefined;
  }
  const extra = Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('impersonate-extra-') ? [[decodeURIComponent(name.slice('impersonate-extra-'.length)), listed(value)]] : [])),
  );
  const account = groups.length === 0 ? serviceAccountOf(user) : undefined;
  const identity = account === undefined ? authenticated(user, groups, { uid, extra }) : serviceAccountIdentity(account.namespace, account.name, { uid, extra });
  return { identity, groups };
}

type ResourceAttributes = Extract<Attributes, { kind: 'resource' }>;

function impersonations({ identity, groups }: Impersonation): readonly ResourceAttributes[] {
  const account = serviceAccountOf(identity.username);
  const base = { kind: 'resource', verb: 'impersonate', group: '', subresource: '', namespace: '' } as const;
  const user: ResourceAttributes =
    account === undefined ? { ...base, resource: 'users', name: identity.username } : { ...base, resource: 'serviceaccounts', namespace: account.namespace, name: account.name };
  const uid: readonly ResourceAttributes[] = identity.uid === '' ? [] : [{ ...base, group: 'authentication.k8s.io', resource: 'uids', name: identity.uid }];
  return [user, ...groups.map((name): ResourceAttributes => ({ ...base, resource: 'groups', name })), ...uid];
}

/** node:http joins repeated headers with a comma and a space. */
function listed(value: string | string[] | undefined): readonly string[] {
  const texts = typeof value === 'string' ? value.split(', ') : (value ?? []);
  return texts.filter((text) => text !== '');
}

function first(value: string | string[] | undefined): string {
  return listed(value)[0] ?? '';
}
