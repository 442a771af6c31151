import { randomBytes as systemRandomBytes, randomUUID } from 'node:crypto';
import { authenticated, MASTERS } from './access/identity.ts';
import { BOOTSTRAP_ROLES } from './access/bootstrap.ts';
import { createTokens } from './access/tokens.ts';
import { handle, type ApiOptions } from './api.ts';
import { startServer } from './http/server.ts';
import { makeServingCertificate } from './http/serving-certificate.ts';
import { FIRST_NAMESPACES } from './kinds/namespace.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { loadObject } from './load.ts';
import type { KubeObject } from './objects/object.ts';
import { createStore, type Store } from './objects/store.ts';
import { createTroubles, type OrderedTrouble, type SeenRequest, type TroubleOptions } from './trouble.ts';
import type { OpenWatch } from './verbs/watch.ts';

export type SandboxOptions = {
  /** 0: any free port. */
  readonly port?: number;
  readonly now?: () => Date;
  readonly randomBytes?: (size: number) => Uint8Array;
  /** How many changes are kept for watches that come back. */
  readonly history?: number;
  /** Between two bookmarks of a watch. */
  readonly bookmarkSeconds?: number;
  /** Told of every request once it is answered. */
  readonly onRequest?: (request: SeenRequest & { readonly status: number }) => void;
};

/**
 * A running in-memory Kubernetes API: what it has behaves as kube-apiserver does, which one suite of tests says of both.
 * It has no server-side apply and no managedFields, no check against escalation in RBAC, no protobuf in its answers, no
 * aggregated discovery, and no controllers but for the namespace's end.
 */
export interface Sandbox {
  readonly url: string;
  /** PEM text that clients trust. */
  readonly ca: string;
  /** A new bearer token for this user; `groups` without system:authenticated, which everybody gets. */
  token(who: { readonly user: string; readonly groups?: readonly string[] }): string;
  /** Kubeconfig text for a token, or for a user of that name with a new token; an admin's without an argument. */
  kubeconfig(who?: { readonly token: string } | { readonly user: string; readonly groups?: readonly string[] }): string;
  /** Creates objects as an admin, without a request: manifests, fixtures. Throws Failure as the API would. */
  load(objects: readonly unknown[]): readonly KubeObject[];
  /** What is stored, for tests that look at the state of the world. */
  readonly store: Store;
  /** Makes coming requests go wrong. */
  trouble(options: TroubleOptions): OrderedTrouble;
  /** The watches that run now, each to be closed, silenced, failed or cut. */
  watches(): readonly OpenWatch[];
  stop(): Promise<void>;
}

/** Starts the sandbox on 127.0.0.1; it is ready when this resolves. */
export async function startSandbox({
  port = 0, now = () => new Date(), randomBytes = systemRandomBytes, history = 10_000, bookmarkSeconds = 60, onRequest = () => undefined,
}: SandboxOptions = {}): Promise<Sandbox> {
  const store = createStore({ history });
  const tokens = createTokens(store, randomBytes);
  const troubles = createTroubles();
  const watches = new Set<OpenWatch>();
  const options: ApiOptions = { store, tokens, troubles, watches, now, randomBytes, randomUuid: randomUUID, bookmarkSeconds, onRequest };
  const load = (objects: readonly unknown[]) => objects.map((object) => loadObject(object, authenticated('sandbox', [MASTERS]), options));
  load(FIRST_NAMESPACES.map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })));
  load(BOOTSTRAP_ROLES);

  // Its clients check it by their own clock, whatever clock the sandbox goes by.
  const serving = makeServingCertificate({ now: new Date(), randomBytes });
  const server = await startServer(port, serving, (request, response) => handle(request, response, options));
  return {
    url: server.url,
    ca: serving.certificate,
    token: ({ user, groups = [] }) => tokens.register(user, groups),
    kubeconfig(who = { user: 'admin', groups: [MASTERS] }) {
      const [user, token] = 'token' in who ? ['user', who.token] : [who.user, tokens.register(who.user, who.groups ?? [])];
      return kubeconfigText({ url: server.url, ca: serving.certificate, user, token });
    },
    load,
    store,
    trouble: (order) => troubles.order(order),
    watches: () => [...watches],
    async stop() {
      watches.forEach((watch) => watch.close());
      await server.stop();
    },
  };
}
