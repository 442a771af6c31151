import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Store } from '../objects/store.ts';
import type { TokenRequest } from '../kinds/kind.ts';
import { API_AUDIENCE } from '../kinds/service-account.ts';
import { isRecord, listAt, recordAt, textAt } from '../objects/object.ts';
import { authenticated, serviceAccountIdentity, type Identity } from './identity.ts';

/** Bearer tokens: some registered by the sandbox's owner, some minted for service accounts. */
export interface Tokens {
  /** A new token that logs this user in for as long as the sandbox lives. */
  register(user: string, groups: readonly string[]): string;
  mint(request: TokenRequest): string;
  /** Who a token is; undefined for a token that is unknown, expired, for another audience, or of a deleted account. */
  identify(token: string, now: Date): Identity | undefined;
}

/** `secret` keys the service accounts' tokens; `randomBytes` makes the registered ones and the tokens' ids. */
export function createTokens(store: Store, randomBytes: (size: number) => Uint8Array): Tokens {
  const secret = Buffer.from(randomBytes(32));
  const registered = new Map<string, Identity>();

  return {
    register(user, groups) {
      const token = Buffer.from(randomBytes(18)).toString('base64url');
      registered.set(token, authenticated(user, groups));
      return token;
    },
    mint({ namespace, name, uid, audiences, expires }) {
      const header = part({ alg: 'HS256', typ: 'JWT' });
      const payload = part({
        aud: audiences, exp: Math.floor(expires.getTime() / 1000), iss: API_AUDIENCE, jti: Buffer.from(randomBytes(16)).toString('hex'),
        sub: `system:serviceaccount:${namespace}:${name}`, 'kubernetes.io': { namespace, serviceaccount: { name, uid } },
      });
      return `${header}.${payload}.${seal(secret, `${header}.${payload}`)}`;
    },
    identify: (token, now) => registered.get(token) ?? accountOf(token, secret, store, now),
  };
}

function accountOf(token: string, secret: Uint8Array, store: Store, now: Date): Identity | undefined {
  const [header = '', payload = '', signature = ''] = token.split('.');
  if (!sameText(signature, seal(secret, `${header}.${payload}`))) return undefined;
  const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  const bound = recordAt(claims, 'kubernetes.io');
  const [namespace, name] = [textAt(bound, 'namespace'), textAt(bound, 'serviceaccount', 'name')];
  const uid = textAt(bound, 'serviceaccount', 'uid');
  const expires = isRecord(claims) && typeof claims.exp === 'number' ? claims.exp : 0;
  if (expires * 1000 <= now.getTime() || !listAt(claims, 'aud').includes(API_AUDIENCE)) return undefined;
  // A token dies with its account: one made again under the same name is another one.
  if (store.get('serviceaccounts', `${namespace}/${name}`)?.metadata.uid !== uid) return undefined;
  return serviceAccountIdentity(namespace, name, { uid, extra: { 'authentication.kubernetes.io/credential-id': [`JTI=${textAt(claims, 'jti')}`] } });
}

function part(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function seal(secret: Uint8Array, text: string): string {
  return createHmac('sha256', secret).update(text).digest('base64url');
}

function sameText(left: string, right: string): boolean {
  return left.length === right.length && timingSafeEqual(Buffer.from(left), Buffer.from(right));
}
