import type { Scenario } from './scenario.ts';
import { burst } from './scenarios/burst.ts';
import { drain } from './scenarios/drain.ts';
import { finished } from './scenarios/finished.ts';
import { first } from './scenarios/first.ts';
import { flood } from './scenarios/flood.ts';
import { throughIstiod } from './scenarios/istiod.ts';
import { keys } from './scenarios/keys.ts';
import { steady } from './scenarios/steady.ts';

/** In the order in which they run: the one that fills the cluster is the last, as it leaves an API server and an etcd that are larger. */
export const SCENARIOS: readonly Scenario[] = [burst(), steady, keys, flood, throughIstiod, first, drain, finished];
