import type { Identity } from '../access/identity.ts';
import type { Attributes } from '../access/attributes.ts';
import type { Cause } from '../cause.ts';
import type { About } from '../failure.ts';
import type { NameForm } from '../objects/name.ts';
import type { Draft, JsonRecord, KubeObject } from '../objects/object.ts';
import type { Shape } from '../objects/shape.ts';

/** Everything the sandbox knows about one resource: where it is served, what it holds, and the API server's rules for it. */
export type Kind = About & {
  readonly version: 'v1';
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  /** Subresources that are read and updated as the object itself. */
  readonly subresources: readonly string[];
  /** Fields beside apiVersion, kind and metadata. */
  readonly shape: Readonly<Record<string, Shape>>;
  readonly nameForm: NameForm;
  /** Field selectors, each with the path of its value. */
  readonly selectable: Readonly<Record<string, string>>;
  readonly columns: readonly Column[];
  readonly rules: Rules;
  /** A PUT to a name that is free creates the object. */
  readonly createdByUpdate?: true;
  /** A deletion answers with the object instead of a Status. */
  readonly deletionShows?: true;
  /** Subresources to which one only posts, such as `token` of a service account. */
  readonly actions?: Readonly<Record<string, Action>>;
  /** A kind that is answered and never stored, such as an access review. */
  readonly review?: (draft: Draft, writer: Writer) => JsonRecord;
};

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export type Rules = {
  /** Defaults, applied to every object that comes in, before anything else. */
  readonly fill?: (draft: Draft) => void;
  readonly prepareCreate?: (draft: Draft, writer: Writer) => void;
  /** `subresource` is '' for the object itself. Puts back what this door may not change. */
  readonly prepareUpdate?: (draft: Draft, old: KubeObject, subresource: string, writer: Writer) => void;
  /** `old` is undefined at creation. */
  readonly validate?: (draft: Draft, old: KubeObject | undefined, subresource: string) => readonly Cause[];
  /** The admission plugins, last before the write; throws 403. */
  readonly admit?: (draft: Draft, old: KubeObject | undefined, subresource: string, writer: Writer) => void;
};

/** Who writes, when, and what else it may do. */
export type Writer = {
  readonly identity: Identity;
  readonly now: Date;
  readonly may: (attributes: Attributes) => boolean;
  /** Whether another identity may; for access reviews. */
  readonly couldBe: (identity: Identity, attributes: Attributes) => boolean;
  readonly mint: (request: TokenRequest) => string;
};

export type TokenRequest = { readonly namespace: string; readonly name: string; readonly uid: string; readonly audiences: readonly string[]; readonly expires: Date };

export type Action = {
  /** The kind of the body, which may belong to another group than the resource. */
  readonly group: string;
  readonly kind: string;
  readonly shape: Readonly<Record<string, Shape>>;
  readonly act: (parent: KubeObject, draft: Draft, writer: Writer) => JsonRecord;
};

/** A column of `kubectl get`; priority 1 is shown by `-o wide` only. */
export type Column = {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly priority?: number;
  readonly cell: (object: KubeObject, now: Date) => string | number;
};

export const STORED_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
