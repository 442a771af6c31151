/** A suite of tests: a folder, and what it runs against. */
export type Suite = {
  readonly name: string;
  readonly about: string;
  /** The real part it talks to, with its version; `-` for none. */
  readonly counterpart: string;
  readonly folder: string;
  readonly only?: RegExp;
  readonly not?: RegExp;
  /** Needs nothing but Node. */
  readonly fast: boolean;
  /** Its files take ports, cores or processes of which a machine has not many: one at a time. */
  readonly alone: boolean;
  /** Its files wait more than they work: one more at a time than the machine has cores. */
  readonly waits?: true;
};

/** In the order in which they run: the fast ones first. */
export const SUITES: readonly Suite[] = [
  { name: 'unit', about: 'core, control, adapters and commands', counterpart: '-', folder: 'unit', fast: true, alone: false },
  { name: 'sandbox', about: 'the contract of the Kubernetes API on the sandbox', counterpart: 'sandbox', folder: 'contract', not: /apiserver|kubectl/, fast: true, alone: false },
  { name: 'house', about: 'imports, file lengths, manifests, the gate itself', counterpart: '-', folder: 'house', fast: false, alone: false },
  { name: 'controlplane', about: 'how the real parts are built, cached and kept on a leash', counterpart: 'Go', folder: 'controlplane', fast: false, alone: false },
  { name: 'apiserver', about: 'the same contract on the real API server, and kubectl on the sandbox', counterpart: 'kube-apiserver, etcd, kubectl', folder: 'contract', only: /apiserver|kubectl/, not: /fairness/, fast: false, alone: false },
  { name: 'fairness', about: 'what one tenant costs another on the real API server, in milliseconds', counterpart: 'kube-apiserver, etcd', folder: 'contract', only: /fairness-apiserver/, fast: false, alone: true },
  { name: 'e2e', about: 'istiod, Istio agents and Envoys with Signet as their signer', counterpart: 'istiod, pilot-agent, Envoy', folder: 'e2e', not: /burst|attacks/, fast: false, alone: false, waits: true },
  { name: 'attacks', about: 'each attack and its twin, on istiod, agents and API server; docs/attacks.md is what it sees', counterpart: 'kube-apiserver, istiod, pilot-agent', folder: 'e2e', only: /attacks/, fast: false, alone: true },
  { name: 'bench', about: 'the benchmark in small: that it measures what it says, not how fast anything is', counterpart: 'kube-apiserver, etcd', folder: 'bench', not: /peers/, fast: false, alone: true },
  { name: 'soak', about: 'a minute at thirty certificates a second, and what it leaves behind; 20 minutes with SIGNET_LONG_MINUTES=20', counterpart: 'kube-apiserver, etcd', folder: 'long', fast: false, alone: true },
  { name: 'burst', about: 'two hundred workloads that start at once', counterpart: 'istiod', folder: 'e2e', only: /burst/, fast: false, alone: true },
];
