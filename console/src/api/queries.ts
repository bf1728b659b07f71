import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { ask, type Schema } from './http';

/** How the server does. */
export const statusQuery = queryOptions({
  queryKey: ['status'],
  queryFn: ({ signal }) => ask('get', '/api/status', { signal }),
  refetchInterval: 10_000,
});

/** Every key, without secrets. */
export const keysQuery = queryOptions({
  queryKey: ['keys'],
  queryFn: async ({ signal }) => (await ask('get', '/api/keys', { signal })).keys,
});

/** Models that can be called. */
export const modelsQuery = queryOptions({
  queryKey: ['models'],
  queryFn: async ({ signal }) => (await ask('get', '/api/models', { signal })).models,
  staleTime: 60_000,
});

/** The upstreams and how they do. */
export const providersQuery = queryOptions({
  queryKey: ['providers'],
  queryFn: async ({ signal }) => (await ask('get', '/api/providers', { signal })).providers,
  refetchInterval: 15_000,
});

/** Prices that fit a search. */
export function pricesQuery(search: string, provider: string, source: '' | Schema<'Price'>['source']) {
  return queryOptions({
    queryKey: ['prices', search, provider, source],
    queryFn: ({ signal }) => ask('get', '/api/prices', { query: { search, provider, ...(source && { source }) }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 60_000,
  });
}

/** One call; with what was said, where it is kept. */
export function callQuery(id: string) {
  return queryOptions({
    queryKey: ['call', id],
    queryFn: ({ signal }) => ask('get', '/api/calls/{id}', { path: { id }, query: { content: true }, signal }),
    staleTime: Infinity,
  });
}
