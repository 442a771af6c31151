import { ageSince } from '../age.ts';
import type { Column } from './kind.ts';

/** Columns that nearly every kind has. */
export const NAME: Column = { name: 'Name', type: 'string', cell: (object) => object.metadata.name };
export const AGE: Column = { name: 'Age', type: 'string', cell: (object, now) => ageSince(object.metadata.creationTimestamp, now) };
