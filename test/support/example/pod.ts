/** The Deployment of an example as far as the played cluster looks at it. */
export type Deployment = {
  readonly metadata: { readonly name: string; readonly namespace: string; readonly uid: string; readonly generation: number };
  readonly spec: { readonly replicas: number; readonly template: PodTemplate };
  readonly status?: { readonly observedGeneration?: number; readonly availableReplicas?: number };
};

export type PodTemplate = {
  readonly metadata: { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: {
    readonly serviceAccountName: string;
    readonly containers: readonly {
      readonly args?: readonly string[];
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
      readonly readinessProbe?: { readonly httpGet: { readonly path: string } };
    }[];
    readonly volumes?: readonly { readonly name: string; readonly configMap?: { readonly name: string } }[];
  };
};

/** The processes that stand for a Deployment's pod. */
export interface Pod extends AsyncDisposable {
  ready(): Promise<boolean>;
  /** Both outputs of its own program. */
  log(): string;
}
