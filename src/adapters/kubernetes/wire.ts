/**
 * Kubernetes objects as they travel: plain JSON, times as ISO strings, bytes as base64. Only the fields that are read
 * here. The types are what the API promises, not what has been checked: whatever decides on a field checks it first.
 */
export type KubernetesObject = {
  readonly metadata: ObjectMeta;
};

export type ObjectMeta = {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Who wrote which field; kept by the API server for an update that leaves it out. */
  readonly managedFields?: unknown;
};

export type WireRequest = KubernetesObject & {
  readonly spec: {
    readonly signerName: string;
    /** Base64 of PEM. */
    readonly request: string;
    readonly usages?: readonly string[];
    readonly expirationSeconds?: number;
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly conditions?: readonly WireCondition[];
    /** Base64 of PEM. */
    readonly certificate?: string;
  };
};

export type WireCondition = {
  readonly type: string;
  readonly status?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastUpdateTime?: string;
  readonly lastTransitionTime?: string;
};

export type WireSecret = KubernetesObject & {
  readonly type?: string;
  /** Base64. */
  readonly data?: Readonly<Record<string, string>>;
};

export type WireConfigMap = KubernetesObject & {
  readonly data?: Readonly<Record<string, string>>;
};

/** What the API server answers when it does not answer with the object, and the object of an ERROR event. */
export type WireStatus = {
  readonly code?: number;
  readonly reason?: string;
  readonly message?: string;
  readonly details?: { readonly retryAfterSeconds?: number };
};

export type WireList<T> = {
  readonly metadata?: { readonly resourceVersion?: string; readonly continue?: string };
  readonly items?: readonly T[] | null;
};

/** core/v1 Event, as it is sent. */
export type WireEvent = {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly involvedObject: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly source: { readonly component: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  readonly firstTimestamp: string;
  readonly lastTimestamp: string;
  readonly count: number;
};
