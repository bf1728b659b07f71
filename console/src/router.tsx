import { Container, Text } from '@mantine/core';
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Shell } from './Shell';
import { filterNames } from './calls/filters';
import { Page } from './ui/Page';
import { ProblemAlert } from './ui/Problem';
import { only, parseSearch, stringifySearch } from './ui/search';
import { TextLink } from './ui/TextLink';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Page title="There is no such page">
      <Text>The address is not one of the console. Go to <TextLink to="/" size="md">Home</TextLink>, or press Ctrl K to find what you want.</Text>
    </Page>
  ),
  errorComponent: ({ error }) => (
    <Container py="xl"><ProblemAlert title="The page could not be shown" error={error} onRetry={() => window.location.reload()} /></Container>
  ),
});

const home = createRoute({
  getParentRoute: () => root, path: '/', validateSearch: only('sdk'),
  component: lazyRouteComponent(() => import('./home/HomePage'), 'HomePage'),
});
const calls = createRoute({
  getParentRoute: () => root, path: '/calls', validateSearch: only(...filterNames, 'range', 'before', 'live'),
  component: lazyRouteComponent(() => import('./calls/CallsPage'), 'CallsPage'),
});
const call = createRoute({
  getParentRoute: () => root, path: '/calls/$id', validateSearch: only('show'),
  component: lazyRouteComponent(() => import('./calls/CallPage'), 'CallPage'),
});
const cost = createRoute({
  getParentRoute: () => root, path: '/cost', validateSearch: only('by', 'and', 'range', 'provider', 'model', 'project', 'team', 'key'),
  component: lazyRouteComponent(() => import('./cost/CostPage'), 'CostPage'),
});
const keys = createRoute({
  getParentRoute: () => root, path: '/keys', validateSearch: only('create', 'show'),
  component: lazyRouteComponent(() => import('./keys/KeysPage'), 'KeysPage'),
});
const models = createRoute({
  getParentRoute: () => root, path: '/models', validateSearch: only('search', 'provider'),
  component: lazyRouteComponent(() => import('./models/ModelsPage'), 'ModelsPage'),
});
const providers = createRoute({
  getParentRoute: () => root, path: '/providers',
  component: lazyRouteComponent(() => import('./providers/ProvidersPage'), 'ProvidersPage'),
});
const prices = createRoute({
  getParentRoute: () => root, path: '/prices', validateSearch: only('search', 'provider', 'source'),
  component: lazyRouteComponent(() => import('./prices/PricesPage'), 'PricesPage'),
});

/** Makes the router of the console: an address for every page. */
export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren([home, calls, call, cost, keys, models, providers, prices]),
    parseSearch, stringifySearch,
    defaultPreload: 'intent', defaultPreloadDelay: 100, scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
