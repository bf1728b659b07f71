import { parseExact } from './json';
import type { Schema } from './http';

/** Whether calls come in as they end. */
export type TailState = 'connecting' | 'open' | 'closed';

interface Follower {
  onCall: (call: Schema<'Call'>) => void;
  onState: (state: TailState) => void;
}

const followers = new Set<Follower>();
let source: EventSource | undefined;
let state: TailState = 'connecting';

// Browsers open six connections to a host at most, so all parts of the page share one stream.
function connect(): void {
  const opened = new EventSource('/api/calls/tail');
  source = opened;
  setState('connecting');
  opened.onopen = () => setState('open');
  opened.onerror = () => setState(opened.readyState === EventSource.CLOSED ? 'closed' : 'connecting');
  opened.addEventListener('call', (event: MessageEvent<string>) => {
    const call = parseExact(event.data) as Schema<'Call'>;
    for (const f of followers) f.onCall(call);
  });
}

function setState(next: TailState): void {
  state = next;
  for (const f of followers) f.onState(next);
}

/** Follows calls as they end, until the function that it returns is called. */
export function follow(onCall: Follower['onCall'], onState: Follower['onState']): () => void {
  const follower = { onCall, onState };
  followers.add(follower);
  if (source === undefined || source.readyState === EventSource.CLOSED) connect();
  else onState(state);
  return () => {
    followers.delete(follower);
    if (followers.size === 0) {
      source?.close();
      source = undefined;
    }
  };
}
