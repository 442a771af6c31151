import { stringify } from 'yaml';

export type KubeconfigOptions = { readonly url: string; readonly ca: string; readonly token: string; readonly user: string };

/** A kubeconfig (YAML text) with one cluster, one user and one context, all called `sandbox` but for the user. */
export function kubeconfigText({ url, ca, token, user }: KubeconfigOptions): string {
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'sandbox', cluster: { server: url, 'certificate-authority-data': Buffer.from(ca).toString('base64') } }],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: 'sandbox', context: { cluster: 'sandbox', user } }],
    'current-context': 'sandbox',
  });
}
