import { queryOptions } from '@tanstack/react-query';
import { ask, type Schema } from '../api/http';

/** A browser's session; why a first-visit link did not start one. */
export type Session = Schema<'Session'> & { refused?: Error };

/** Returns the token of a first-visit link: #visit=TOKEN. */
export function visitToken(hash: string): string | undefined {
  const token = new URLSearchParams(hash.replace(/^#/, '')).get('visit');
  return token === null || token === '' ? undefined : token;
}

// The token works once; it goes from the address before it is used, so that no bookmark holds it.
function takeVisitToken(): string | undefined {
  const token = visitToken(window.location.hash);
  if (token !== undefined) {
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  }
  return token;
}

async function openSession(signal: AbortSignal): Promise<Session> {
  const token = takeVisitToken();
  if (token === undefined) return ask('get', '/api/session', { signal });
  try {
    return await ask('post', '/api/session', { body: { token } });
  } catch (err) {
    const session = await ask('get', '/api/session', { signal });
    return session.signed_in || !(err instanceof Error) ? session : { ...session, refused: err };
  }
}

/** Whether the browser is signed in. A first-visit link in the address is redeemed on the way. */
export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => openSession(signal),
  staleTime: Infinity,
});
