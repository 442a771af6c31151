import type { Route } from './http/route.ts';

/** What a predicate sees of a request. `user` is '' when it could not be authenticated. */
export type SeenRequest = { readonly method: string; readonly path: string; readonly verb: string; readonly resource: string; readonly subresource: string; readonly name: string; readonly user: string };

/**
 * What happens instead of an answer. `reset`: the connection is cut and nothing was done. `lost`: everything is done,
 * then the connection is cut. `hang`: no answer, ever.
 */
export type Mishap = { readonly status: 429 | 500 | 503 | 504; readonly retryAfter?: number } | 'reset' | 'lost' | 'hang';

export type TroubleOptions = {
  readonly mishap: Mishap;
  /** Which requests; all by default. */
  readonly when?: (request: SeenRequest) => boolean;
  /** How many of them; one by default, Infinity until it is stopped. */
  readonly times?: number;
};

/** Trouble that was ordered. */
export interface OrderedTrouble {
  /** How many requests met it so far. */
  hits(): number;
  stop(): void;
}

export interface Troubles {
  order(options: TroubleOptions): OrderedTrouble;
  /** The mishap that this request meets, used up once by it. */
  meet(request: SeenRequest): Mishap | undefined;
}

/** None is ordered at first: the sandbox is well-behaved until told otherwise. */
export function createTroubles(): Troubles {
  const orders = new Set<{ mishap: Mishap; when: (request: SeenRequest) => boolean; left: number; hits: number }>();
  return {
    order({ mishap, when = () => true, times = 1 }) {
      const order = { mishap, when, left: times, hits: 0 };
      orders.add(order);
      return { hits: () => order.hits, stop: () => void orders.delete(order) };
    },
    meet(request) {
      for (const order of orders) {
        if (!order.when(request)) continue;
        order.hits += 1;
        order.left -= 1;
        if (order.left <= 0) orders.delete(order);
        return order.mishap;
      }
      return undefined;
    },
  };
}

export function seen(method: string, route: Route, user: string): SeenRequest {
  const { path, verb } = route;
  return route.kind === 'path'
    ? { method, path, verb, resource: '', subresource: '', name: '', user }
    : { method, path, verb, resource: route.resource, subresource: route.subresource, name: route.name, user };
}
