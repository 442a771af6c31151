import type { ControlPlane } from '../support/rig/apiserver.ts';
import type { RigProcess } from '../support/rig/process.ts';

/** A signer of CertificateSigningRequests that is measured beside the others. */
export type Contender = {
  /** As `--contender` takes it. */
  readonly name: string;
  /** One line for people: what it is and how it is set up. */
  readonly about: string;
  /** How many signers it can serve; of more that are offered it serves the first ones. */
  readonly maxSigners: number;
  /** Whether two processes of it on one API server can each serve signers of their own, of any name. */
  readonly separable: boolean;
  /** Whether its own limits, and not the machine, decide its speed: it takes part in the smallest burst only. */
  readonly limited: boolean;
  /**
   * Puts everything in place (objects on the API server, RBAC, files, the built program) and starts nothing. May be called again, with
   * other signers or another `instance`, on the same control plane. Rejects with an Error that says what is missing when it cannot be had.
   */
  prepare(options: ContenderOptions): Promise<PreparedContender>;
};

export type ContenderOptions = {
  readonly controlPlane: ControlPlane;
  readonly signers: readonly BenchSigner[];
  /** Names what belongs to this one where two run at once; `main` by default. */
  readonly instance?: string;
  /** A folder for a CPU profile, for contenders that can write one. */
  readonly cpuProfile?: string | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type BenchSigner = {
  /** `clusterissuers.cert-manager.io/tenant-0` */
  readonly name: string;
  /** The last part of the name, which is the namespace of its workloads as well: `tenant-0`. */
  readonly tenant: string;
  /** A self-signed CA: PEM. */
  readonly certificatePem: string;
  /** PKCS #8 PEM. */
  readonly keyPem: string;
  /** A certificate of this CA for the very requests of the bench, PEM. */
  readonly leafPem: string;
  /** PEM of the request that its workloads make: one key for all, as making keys is not what is measured. */
  readonly requestPem: string;
};

export type PreparedContender = {
  readonly version: string;
  /** The names of the signers that it serves. */
  readonly signers: readonly string[];
  /** spec.usages of a request that it signs; as istiod asks by default. */
  readonly usages?: readonly string[];
  /** Starts a new process and nothing else, as the time of a start is measured. It is running and need not be ready. */
  start(): Promise<RunningContender>;
};

export type RunningContender = {
  readonly process: RigProcess;
  /** Of the program itself, whose CPU time and memory are read. */
  readonly pid: number;
  /** Gently; returns when it is gone. */
  stop(): Promise<void>;
};
