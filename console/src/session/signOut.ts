import { useQueryClient } from '@tanstack/react-query';
import { ask } from '../api/http';
import { sessionQuery } from './visit';

/** Returns what ends the session and forgets what it showed. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await ask('delete', '/api/session');
    queries.removeQueries({ predicate: (q) => q.queryKey[0] !== 'session' });
    queries.setQueryData(sessionQuery.queryKey, { signed_in: false, expires: '' });
  };
}
